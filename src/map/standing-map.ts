/**
 * The map that stands at a target, and how it is made true: by a change of what this process put there, or, wherever
 * that is not sure to give the same, built anew from all that the store permits.
 *
 * It is built anew when this process has not put it there, or an attempt since then has failed; when the file is not
 * the very one any more; when the admin's source has changed or is in error; when the store does not know all that has
 * changed since; when the change is a large one; and when it is an hour old, whether or not anything has changed, so that
 * nothing which went wrong unseen lives on.
 */
import { existsSync, utimesSync } from 'node:fs';
import path from 'node:path';
import type { Clock } from '../clock.ts';
import type { Address } from '../login/address.ts';
import type { SetState } from '../store/permitted-set.ts';
import { isRewritten, type MapAmender } from './amend.ts';
import type { BuiltMap } from './aside.ts';
import { NO_BASE, readBase, type Base } from './base.ts';
import type { MapBuilder } from './build.ts';
import { syncFolder } from './durable.ts';
import { MapError } from './map-error.ts';
import type { MapStore } from './map-store.ts';
import { withoutCovered } from './merge.ts';
import { postmapTakes } from './mta-tool.ts';
import { renderRows, SENTINEL, type MapRow } from './render.ts';
import { SpareCopy } from './spare.ts';
import { stampOf } from './stamp.ts';
import { hasDateOf, isStandIn, prepareStandIn, putMap, putStandIn } from './stand-in.ts';
import type { MapTarget } from './target.ts';

export interface StandingMapOptions {
  readonly store: MapStore;
  readonly target: MapTarget;
  readonly builder: MapBuilder;
  /** @default each change builds the map anew */
  readonly amender?: MapAmender | undefined;
  readonly clock: Clock;
  /** Hears of what went wrong and was got over. */
  readonly onTrouble: (what: string, reason: string) => void;
}

/** What became of the map, and how many addresses the store permits. */
export interface Renewal {
  readonly outcome: 'published' | 'unchanged' | 'stale';
  readonly size: number;
}

/** A map that this process has put in place. */
interface Ours {
  readonly generation: number;
  readonly stamp: string;
  readonly base: Base;
  /** When all of it was built. */
  readonly builtAt: number;
}

const REBUILD_EVERY_MS = 3_600_000;

export class StandingMap {
  readonly #options: StandingMapOptions;
  readonly #target: MapTarget;
  /** As last read. */
  #base: Base = NO_BASE;
  /** Undefined where what stands is not known to be ours. */
  #ours: Ours | undefined;
  readonly #spare: SpareCopy;

  constructor(options: StandingMapOptions) {
    this.#options = options;
    this.#target = options.target;
    this.#spare = new SpareCopy(options.target);
  }

  /**
   * Makes the map true; `all`, by building all of it.
   * @throws MapError where it cannot be made
   */
  async renew(how: 'all' | 'what has changed'): Promise<Renewal> {
    await this.#readBase();
    await prepareStandIn(this.#target, this.#base, this.#options.builder); // what is published can be emptied
    const state = this.#options.store.setState();
    if (how !== 'all' && this.#isTrue(state)) return { outcome: 'unchanged', size: state.size };
    const ours = how === 'all' ? undefined : this.#ours;
    this.#ours = undefined; // until it has gone well
    const renewal = (ours && (await this.#change(ours))) ?? (await this.#build());
    this.#prepare();
    return renewal;
  }

  /** Leaves nothing behind but the map. */
  close(): Promise<void> {
    return this.#spare.drop();
  }

  #prepare(): void {
    const canChange = this.#options.amender !== undefined && !isRewritten(this.#target);
    if (canChange && this.#ours !== undefined) void this.#spare.prepare();
  }

  /** In doubt it does: a file that is not the one noted, or a map from before an address last went. */
  mayPermitExpired({ lastRemoval }: SetState): boolean {
    if (!existsSync(this.#target.file) || isStandIn(this.#target, this.#base)) return false;
    const published = this.#options.store.published(this.#target.file);
    return published === undefined || !published.intact || published.generation < lastRemoval;
  }

  /** Puts the empty map in its place. */
  empty({ generation }: SetState): 'emptied' | 'stale' {
    const put = () => putStandIn(this.#target, this.#base);
    return this.#putInPlace(generation, put) === 'published' ? 'emptied' : 'stale';
  }

  async #readBase(): Promise<void> {
    this.#base = await readBase(this.#target, this.#base);
    const { complaint } = this.#base;
    if (complaint !== undefined)
      this.#options.onTrouble("map was merged with the last good state of the admin's source", complaint);
  }

  #isTrue({ generation }: SetState): boolean {
    const { base, file } = this.#target;
    if (this.#ours !== undefined && (this.#isOld(this.#ours) || this.#ours.stamp !== stampOf(file))) return false;
    if (isStandIn(this.#target, this.#base) || (base !== undefined && !hasDateOf(this.#base, file))) return false;
    const published = this.#options.store.published(file);
    return published !== undefined && published.intact && published.generation === generation;
  }

  async #build(): Promise<Renewal> {
    await this.#spare.drop(); // its room may be needed
    const { generation, size, addresses } = this.#options.store.snapshot();
    const builtAt = this.#options.clock();
    const end = this.#target.type === 'text' ? [] : [SENTINEL];
    const built = await this.#options.builder(this.#target, [...this.#base.rows, ...this.#rowsOf(addresses), ...end]);
    return { outcome: await this.#publish(built, generation, builtAt), size };
  }

  /** Undefined where it has to be built anew. */
  async #change(ours: Ours): Promise<Renewal | undefined> {
    const { store, amender } = this.#options;
    const changes = this.#isSureOf(ours) ? store.changesSince(ours.generation) : undefined;
    if (amender === undefined || changes === undefined) return undefined;
    const { generation, size, permitted, refused } = changes;
    const change = { put: this.#rowsOf(permitted), remove: this.#rowsOf(refused).map(({ key }) => key) };
    if (!amender.suits(this.#target, change, size)) return undefined;
    try {
      const copy = await this.#spare.take();
      const amending = amender.amend(this.#target, change, copy);
      store.raiseFence(this.#target.file, generation); // the one disk need not wait for the other
      const built = await amending;
      if (stampOf(this.#target.file) === ours.stamp)
        return { outcome: await this.#publish(built, generation, ours.builtAt), size };
      await built.remove(); // somebody has put another one there, and it may be a copy of that
    } catch (error) {
      if (!(error instanceof MapError)) throw error;
      this.#options.onTrouble('map could not be changed, and is built anew', error.message);
    }
    return undefined;
  }

  #isSureOf(ours: Ours): boolean {
    if (this.#isOld(ours)) return false;
    return ours.base === this.#base && ours.stamp === stampOf(this.#target.file); // a base in error is read anew each time
  }

  /** Also where the clock was set back. */
  #isOld({ builtAt }: Ours): boolean {
    const ageMs = this.#options.clock() - builtAt;
    return ageMs < 0 || ageMs >= REBUILD_EVERY_MS;
  }

  /** Those of the addresses on which the admin's entries have no say. */
  #rowsOf(addresses: readonly Address[]): MapRow[] {
    const { store, clock } = this.#options;
    const { form, builder } = this.#target;
    const expiryOf = (address: Address) => store.entry(address)?.expiresAt ?? clock();
    const rows = renderRows(form, withoutCovered(this.#base.rows, form, addresses), expiryOf);
    return builder === 'postmap' ? rows.filter(({ key }) => postmapTakes(key)) : rows;
  }

  async #publish(built: BuiltMap, generation: number, builtAt: number): Promise<'published' | 'stale'> {
    const { base } = this.#target;
    try {
      if (base !== undefined) utimesSync(built.file, this.#base.date, this.#base.date);
      return this.#putInPlace(generation, () => {
        putMap(this.#target, built.file);
        const stamp = stampOf(this.#target.file);
        if (stamp !== undefined) this.#ours = { generation, stamp, base: this.#base, builtAt };
      });
    } finally {
      await built.remove();
    }
  }

  #putInPlace(generation: number, put: () => void): 'published' | 'stale' {
    const { file } = this.#target;
    return this.#options.store.fence(file, generation, () => {
      put();
      syncFolder(path.dirname(file));
    });
  }
}
