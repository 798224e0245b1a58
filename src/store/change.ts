/** One write transaction as it goes: the logins that it puts and removes, and what that makes of the state. */
import type { Address } from '../login/address.ts';
import type { Login } from '../login/login.ts';
import { Draft } from './draft.ts';
import type { Limits } from './limits.ts';
import type { Logins } from './logins.ts';
import type { State } from './meta.ts';
import { clipped, clippedLogin, endOf, type Kept, type Stored } from './record.ts';
import type { Place } from './time-index.ts';
import type { TrailEvent } from './trail.ts';

export class Change {
  readonly now: number;
  readonly limits: Limits;
  readonly #logins: Logins;
  readonly #draft: Draft;
  readonly #state: { -readonly [Name in keyof State]: State[Name] };
  #touched = false;
  readonly #events: TrailEvent[] = [];
  readonly #moved: Address[] = [];

  constructor(logins: Logins, limits: Limits, now: number, state: State) {
    this.#logins = logins;
    this.#draft = new Draft(logins);
    this.limits = limits;
    this.now = now;
    this.#state = { ...state };
  }

  /** Writes the logins; the result is the state to keep, undefined when nothing has changed. */
  write(): State | undefined {
    this.#draft.write();
    const { graceMs, maxSessionMs } = this.limits;
    return this.#touched ? { ...this.#state, clockAt: this.now, graceMs, maxSessionMs } : undefined;
  }

  /** The addresses that came or went. */
  moved(): readonly Address[] {
    return this.#moved;
  }

  /** What the audit trail is to tell of it, in the order in which it happened. */
  events(): readonly TrailEvent[] {
    return this.#events;
  }

  tell(event: TrailEvent): void {
    this.#events.push(event);
  }

  /** Notes that the store has changed in what is no login, so that a clock which is set back then is noticed. */
  touch(): void {
    this.#touched = true;
  }

  clippedLogin(login: Login): Login {
    return clippedLogin(login, this.now, this.limits.graceMs);
  }

  clipped(kept: Kept): Kept {
    return clipped(kept, this.now, this.limits);
  }

  endOf(kept: Kept): number {
    return endOf(kept, this.now, this.limits);
  }

  get(address: Address, user: string): Stored | undefined {
    return this.#draft.get(address, user);
  }

  withSession(id: string): Stored[] {
    return this.#draft.withSession(id);
  }

  countAt(address: Address): number {
    return this.#draft.countAt(address);
  }

  countOf(user: string): number {
    return this.#draft.countOf(user);
  }

  /** How many addresses have a login. */
  get addresses(): number {
    return this.#state.addresses;
  }

  put(kept: Kept): void {
    const { address, user } = kept.login;
    const isNew = this.get(address, user) === undefined && this.countAt(address) === 0;
    this.#draft.put(kept, this.endOf(kept));
    this.#touched = true;
    if (isNew) this.#countAddresses(1, [address]);
  }

  /** All logins. */
  all(): Iterable<Stored> {
    return this.#written().all();
  }

  /** All logins, by their places in the time index. */
  places(): Iterable<Place> {
    return this.#written().places();
  }

  /** Removes `stored`; the audit trail tells `why`. */
  remove(stored: readonly Stored[], why: Pick<TrailEvent, 'by' | 'reason' | 'detail'>): void {
    const logins = this.#written();
    for (const each of stored) logins.remove(each);
    for (const { login } of stored) this.tell({ ...this.#subject(login), kind: 'purged', ...why });
    this.#closed(stored.map(({ login }) => login));
  }

  /** Removes what is past: the logins, and the addresses that have none any more. */
  expire(): { readonly logins: readonly Login[]; readonly closed: readonly Address[] } {
    const logins = this.#written().removePast(this.now, this.limits);
    for (const login of logins) this.tell({ ...this.#subject(login), kind: 'expired' });
    return { logins, closed: this.#closed(logins) };
  }

  #subject({ address, user, service }: Login): Pick<TrailEvent, 'at' | 'address' | 'user' | 'service'> {
    return { at: this.now, address, user, service };
  }

  #closed(removed: readonly Login[]): Address[] {
    if (removed.length > 0) this.#touched = true;
    const addresses = new Set(removed.map(({ address }) => address));
    const closed = [...addresses].filter((address) => this.countAt(address) === 0);
    if (closed.length > 0) this.#countAddresses(-closed.length, closed);
    return closed;
  }

  #countAddresses(difference: number, moved: readonly Address[]): void {
    for (const address of moved) this.#moved.push(address);
    this.#state.addresses += difference;
    this.#state.generation++;
    if (difference < 0) this.#state.lastRemoval = this.#state.generation;
  }

  /** Shortens every login that outlives now + grace and the bound of its open sessions. */
  clip(): void {
    const shortened: Kept[] = []; // a cursor must not meet the writes
    for (const stored of this.all()) {
      const short = this.clipped(stored);
      if (short !== stored || this.endOf(short) < stored.dueAt) shortened.push(short);
    }
    for (const short of shortened) this.put(short);
    this.#draft.write();
    this.#touched = true;
  }

  /** The store's logins, in which all is written. */
  #written(): Logins {
    this.#draft.write();
    return this.#logins;
  }
}
