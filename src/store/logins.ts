/**
 * The logins in the store and what is kept beside them to find them, in step; to be used inside a transaction.
 *
 *     logins  [address, user] -> record.ts
 *
 * Limits: whoever looks for the logins of one user reads through the time index, which takes a tenth of a second for
 * 100,000; only an admin asks that, and a table for it would cost each new login a write.
 */
import type { Address } from '../login/address.ts';
import type { Login } from '../login/login.ts';
import type { Environment, Key } from './lmdb.ts';
import { Counts } from './counts.ts';
import type { Cell } from './cells.ts';
import { decodeLogin, encodeLogin, userKey, type Stored } from './record.ts';
import { Records } from './records.ts';
import { memberName, SessionIndex, type Member } from './session-index.ts';
import { Digest } from './digest.ts';
import { placeName, TimeIndex, type Place } from './time-index.ts';

/** The login of one user at one address, undefined where there is none. */
export type Slot = Cell<Member, Stored | undefined>;

/** What one transaction changes: each record as it was and as it is to be. */
export interface LoginChanges {
  readonly logins: readonly Slot[];
  /** By id: who has that session open. */
  readonly sessions: readonly Cell<string, readonly Slot[]>[];
  /** How many logins each user has, as `userKey` folds it, and each address. */
  readonly users: readonly Cell<string, number>[];
  readonly addresses: readonly Cell<string, number>[];
}

export class Logins {
  readonly #records: Records;
  readonly #times: TimeIndex;
  readonly #sessions: SessionIndex;
  readonly #users: Counts;
  readonly #addresses: Counts;

  constructor(environment: Environment) {
    this.#records = new Records(environment.table('logins'));
    this.#times = new TimeIndex(environment);
    this.#sessions = new SessionIndex(environment);
    this.#users = new Counts(environment, 'users');
    this.#addresses = new Counts(environment, 'addresses');
  }

  get(key: Member): Stored | undefined {
    return decodeLogin(key, this.#records.get(key));
  }

  /** The logins of all addresses, those of one address together; without the damaged ones. */
  *all(prefix?: readonly [Address]): Iterable<Stored> {
    for (const [key, value] of this.#records.entries(prefix)) {
      const stored = decodeLogin(key, value);
      if (stored !== undefined) yield stored;
    }
  }

  /** At most `limit` records from the key `start` on, and the key to go on from, undefined at the end. */
  page(start: Key, limit: number): { readonly stored: readonly Stored[]; readonly next: Key | undefined } {
    const stored: Stored[] = [];
    let seen = 0;
    for (const [key, value] of this.#records.entriesFrom(start)) {
      if (seen++ === limit) return { stored, next: key };
      const decoded = decodeLogin(key, value);
      if (decoded !== undefined) stored.push(decoded);
    }
    return { stored, next: undefined };
  }

  at(address: Address): Stored[] {
    return [...this.all([address])];
  }

  /** In the order of their addresses. */
  of(user: string): Stored[] {
    const folded = userKey(user);
    const addresses: Address[] = [];
    for (const place of this.#times.all()) if (place.user === folded) addresses.push(place.address);
    return addresses.toSorted().flatMap((address) => this.get([address, folded]) ?? []);
  }

  /** Each login by its place in the time index, the first due first; it lasts at least until then. */
  places(): Iterable<Place> {
    return this.#times.all();
  }

  /** The keys of the logins, commonly one, that have the session of that id open. */
  withSession(id: string): readonly Member[] {
    return this.#sessions.members(id);
  }

  openSessions(): string[] {
    return this.#sessions.ids();
  }

  /** How many users are kept at `address`; 0 also where that record is damaged. */
  countAt(address: string): number {
    return this.#addresses.of(address);
  }

  /** How many addresses are kept of `user`, as `userKey` folds it. */
  countOf(user: string): number {
    return this.#users.of(user);
  }

  /**
   * One table after the other: the pages that a table gets from one transaction then lie side by side, so who reads the
   * time index touches no others.
   */
  write({ logins, sessions, users, addresses }: LoginChanges): void {
    for (const { key, now } of logins)
      if (now === undefined) this.#records.remove(key);
      else this.#records.put(key, encodeLogin(now));
    for (const { key: id, now } of sessions)
      this.#sessions.set(
        id,
        now.map(({ key }) => key),
      );
    for (const { key, now } of users) this.#users.set(key, now);
    for (const { key, now } of addresses) this.#addresses.set(key, now);
    for (const { key, before, now } of logins) {
      if (now?.dueAt === before?.dueAt) continue;
      if (before !== undefined) this.#times.remove(placeOf(key, before.dueAt));
      if (now !== undefined) this.#times.put(placeOf(key, now.dueAt));
    }
  }

  /** When the first login may be past; it may have been refreshed since. */
  firstDueAt(): number | undefined {
    return this.#times.firstDueAt();
  }

  /** The places that are due at `now`, damaged ones too. */
  dueAt(now: number): Place[] {
    return this.#times.dueAt(now);
  }

  /** Removes a place that leads to no login. */
  forget(place: Place): void {
    this.#times.remove(place);
  }

  /** What is wrong with the records or what is kept beside them, undefined when nothing is: each table is read once. */
  findDamage(): string | undefined {
    const [places, sessions, users, addresses] = [new Digest(), new Digest(), new Digest(), new Digest()];
    for (const [key, value] of this.#records.entries()) {
      const stored = decodeLogin(key, value);
      if (stored === undefined) return `the record of ${key.join(' ')} is damaged`;
      const [address, user] = keyOf(stored.login);
      places.add(placeName({ dueAt: stored.dueAt, address, user }));
      for (const { id } of stored.sessions.open) sessions.add(memberName(id, [address, user]));
      users.add(user);
      addresses.add(address);
    }
    if (!this.#times.digest().equals(places)) return 'the logins are not those of the time index';
    if (!this.#sessions.digest().equals(sessions)) return 'the open sessions are not those of the session index';
    if (!this.#users.digest().equals(users)) return 'the logins are not as many for each user as were counted';
    if (!this.#addresses.digest().equals(addresses))
      return 'the logins are not as many for each address as were counted';
    return undefined;
  }
}

function keyOf({ address, user }: Login): Member {
  return [address, userKey(user)];
}

function placeOf([address, user]: Member, dueAt: number): Place {
  return { dueAt, address, user };
}
