/** One write transaction as it goes: the logins that it puts and removes, and what that makes of the state. */
import type { Address } from '../login/address.ts';
import type { Login } from '../login/login.ts';
import { Draft } from './draft.ts';
import type { Limits } from './limits.ts';
import type { Logins, Slot } from './logins.ts';
import type { State } from './meta.ts';
import { clipped, clippedLogin, counted, endOf, type Kept, type Stored } from './record.ts';
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

  /** The login of `user` at `address`, to be read and put. */
  slot(address: Address, user: string): Slot {
    return this.#draft.slot(address, user);
  }

  /** Those, commonly one, that have the session of that id open. */
  withSession(id: string): readonly Slot[] {
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

  put(slot: Slot, kept: Kept): void {
    const [address] = slot.key;
    if (slot.now === undefined && this.countAt(address) === 0) this.#countAddresses(1, [address]);
    this.#draft.put(slot, kept, this.endOf(kept));
    this.#touched = true;
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
    for (const each of stored) this.#draft.remove(this.#draft.slotWith(each));
    for (const { login } of stored) this.tell({ ...this.#subject(login), kind: 'purged', ...why });
    this.#closed(stored.map(({ login }) => login));
  }

  /** Removes what is past: the logins, and the addresses that have none any more. */
  expire(): { readonly logins: readonly Login[]; readonly closed: readonly Address[] } {
    const past: Login[] = [];
    for (const place of this.#written().dueAt(this.now)) {
      const login = this.#review(place);
      if (login !== undefined) past.push(login);
    }
    for (const login of past) this.tell({ ...this.#subject(login), kind: 'expired' });
    return { logins: past, closed: this.#closed(past) };
  }

  /** Removes the login at `place` if it is past; one that was refreshed gets its new place. */
  #review(place: Place): Login | undefined {
    const slot = this.#draft.slotOf([place.address, place.user]);
    const stored = slot.now;
    if (stored?.dueAt !== place.dueAt) {
      this.#logins.forget(place); // of a damaged record, which permits nothing
      return undefined;
    }
    const login = counted(stored, this.now, this.limits);
    if (login.expiresAt <= this.now) {
      this.#draft.remove(slot);
      return login;
    }
    this.#draft.postpone(slot, stored, login.expiresAt);
    return undefined;
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
    const outliving: Stored[] = []; // a cursor must not meet the writes
    for (const stored of this.all())
      if (this.clipped(stored) !== stored || this.endOf(stored) < stored.dueAt) outliving.push(stored);
    for (const stored of outliving) this.put(this.#draft.slotWith(stored), this.clipped(stored));
    this.#draft.write();
    this.#touched = true;
  }

  /** The store's logins, in which all is written. */
  #written(): Logins {
    this.#draft.write();
    return this.#logins;
  }
}
