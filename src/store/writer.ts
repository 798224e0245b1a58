/** The store's write transactions: what one changes, its state, its events and nothing else are committed together. */
import { Change } from './change.ts';
import { endedEntries, type Entry } from './entry.ts';
import type { Limits } from './limits.ts';
import type { Environment } from './lmdb.ts';
import type { Logins } from './logins.ts';
import type { Meta, State } from './meta.ts';
import { RecentChanges } from './recent-changes.ts';
import type { Tombstones } from './tombstones.ts';
import type { Trail } from './trail.ts';

/** What a transaction writes to. */
export interface WriterParts {
  readonly environment: Environment;
  readonly logins: Logins;
  readonly meta: Meta;
  readonly tombstones: Tombstones;
  readonly trail: Trail;
}

export class Writer {
  /** The addresses that came or went in the last transactions of this process. */
  readonly recent = new RecentChanges();
  readonly #parts: WriterParts;
  readonly #limits: Limits;

  constructor(parts: WriterParts, limits: Limits) {
    this.#parts = parts;
    this.#limits = limits;
  }

  /** Runs `work` as one transaction; before it, what may outlive its bounds is clipped. */
  change<T>(now: number, work: (change: Change) => T): T {
    return this.#noted(this.#parts.environment.write(() => this.#apply(now, work)));
  }

  /** The same for what can be done again: see {@link Environment.writeSoon}. */
  changeSoon<T>(now: number, work: (change: Change) => T): T {
    return this.#noted(this.#parts.environment.writeSoon(() => this.#apply(now, work)));
  }

  #noted<T>({ result, change, state, newState }: Applied<T>): T {
    if (newState !== undefined) this.recent.note(state.generation, newState.generation, change.moved());
    return result;
  }

  #apply<T>(now: number, work: (change: Change) => T): Applied<T> {
    const { logins, meta, trail } = this.#parts;
    const state = meta.state();
    const change = new Change(logins, this.#limits, now, state);
    if (this.#isInDoubt(state, now)) this.#clip(change);
    const result = work(change);
    trail.append(change.events());
    const newState = change.write();
    if (newState !== undefined) meta.setState(newState);
    return { result, change, state, newState };
  }

  /** The clock was set back since the last change, or the limits were made shorter. */
  #isInDoubt({ clockAt, graceMs, maxSessionMs }: State, now: number): boolean {
    return now < clockAt || this.#limits.graceMs < graceMs || this.#limits.maxSessionMs < maxSessionMs;
  }

  /** No purge is ahead of now either. */
  #clip(change: Change): void {
    this.#parts.tombstones.lower(change.now);
    change.clip();
  }

  /** Removes what is past at `now`; the result are the entries that ended. */
  expire(now: number): Entry[] {
    if (!this.outlook(now).isDue) return [];
    return this.change(now, (change) => {
      const { logins, closed } = change.expire();
      return endedEntries(logins, closed);
    });
  }

  /** Whether {@link expire} has anything to do at `now`, and when it will. */
  outlook(now: number): Outlook {
    const { environment, logins, meta } = this.#parts;
    return environment.read(() => {
      const state = meta.state();
      const nextAt = logins.firstDueAt() ?? Infinity;
      return { generation: state.generation, nextAt, isDue: nextAt <= now || this.#isInDoubt(state, now) };
    });
  }
}

interface Applied<T> {
  readonly result: T;
  readonly change: Change;
  readonly state: State;
  readonly newState: State | undefined;
}

/** What is ahead of the set of permitted addresses. */
export interface Outlook {
  /** As {@link State} has it. */
  readonly generation: number;
  /** When the first login may be past, infinity when nothing is kept. */
  readonly nextAt: number;
  /** One may be past now, or what is kept may outlive its bounds. */
  readonly isDue: boolean;
}
