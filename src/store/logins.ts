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
import { counted, decodeLogin, encodeLogin, userKey, type Stored } from './record.ts';
import { Records } from './records.ts';
import { SessionIndex, type Member } from './session-index.ts';
import { NO_SESSIONS, type SessionLimits } from './sessions.ts';
import { TimeIndex, type Place } from './time-index.ts';

/** A login as it was in the store and as it is to be there. */
export interface LoginChange {
  readonly before: Stored | undefined;
  readonly now: Stored;
}

/** What is kept of a login that is new. */
const UNKNOWN = { sessions: NO_SESSIONS, dueAt: undefined };

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

  get(address: Address, user: string): Stored | undefined {
    return this.#get([address, userKey(user)]);
  }

  #get(key: Key): Stored | undefined {
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
    return addresses.toSorted().flatMap((address) => this.#get([address, folded]) ?? []);
  }

  /** Each login by its place in the time index, the first due first; it lasts at least until then. */
  places(): Iterable<Place> {
    return this.#times.all();
  }

  /** The keys of the logins, commonly one, that have the session of that id open. */
  withSession(id: string): readonly Member[] {
    return this.#sessions.members(id);
  }

  get hasSessions(): boolean {
    return !this.#sessions.isEmpty;
  }

  /** How many users are kept at `address`. */
  countAt(address: Address): number {
    return this.#addresses.of(address);
  }

  /** How many addresses are kept of `user`. */
  countOf(user: string): number {
    return this.#users.of(userKey(user));
  }

  /**
   * Puts what each login is now in the place of what it was before. One table after the other: the pages that a table
   * gets from one transaction then lie side by side, so who reads the time index touches no others.
   */
  write(changes: readonly LoginChange[]): void {
    for (const { now } of changes) this.#records.put(keyOf(now.login), encodeLogin(now));
    for (const { before = UNKNOWN, now } of changes)
      this.#sessions.move(keyOf(now.login), before.sessions, now.sessions);
    const added = changes.filter(({ before }) => before === undefined).map(({ now }) => keyOf(now.login));
    for (const [, user] of added) this.#users.add(user, 1);
    for (const [address] of added) this.#addresses.add(address, 1);
    for (const { before = UNKNOWN, now } of changes) {
      if (now.dueAt === before.dueAt) continue;
      if (before.dueAt !== undefined) this.#times.remove(placeOf(keyOf(now.login), before.dueAt));
      this.#times.put(placeOf(keyOf(now.login), now.dueAt));
    }
  }

  remove({ login, sessions, dueAt }: Stored): void {
    const member = keyOf(login);
    this.#sessions.move(member, sessions, NO_SESSIONS);
    this.#records.remove(member);
    this.#users.add(member[1], -1);
    this.#addresses.add(member[0], -1);
    this.#times.remove(placeOf(member, dueAt));
  }

  /** When the first login may be past; it may have been refreshed since. */
  firstDueAt(): number | undefined {
    return this.#times.firstDueAt();
  }

  /**
   * Removes every login that is past at `now`, as they count under `limits`; those that were refreshed meanwhile
   * get their new place in the index.
   */
  removePast(now: number, limits: SessionLimits): Login[] {
    return this.#times.dueAt(now).flatMap((place) => this.#review(place, now, limits) ?? []);
  }

  #review(place: Place, now: number, limits: SessionLimits): Login | undefined {
    const stored = this.#get([place.address, place.user]);
    if (stored === undefined || stored.dueAt !== place.dueAt) {
      this.#times.remove(place); // of a damaged record, which permits nothing
      return undefined;
    }
    const login = counted(stored, now, limits);
    if (login.expiresAt > now) {
      const { login: own, sessions } = stored;
      this.write([{ before: stored, now: { login: own, sessions, dueAt: login.expiresAt } }]);
      return undefined;
    }
    this.remove(stored);
    return login;
  }

  /** What is wrong with the records or what is kept beside them, undefined when nothing is. */
  findDamage(): string | undefined {
    const users = new Map<string, number>();
    const addresses = new Map<string, number>();
    let records = 0;
    let sessions = 0;
    for (const [key, value] of this.#records.entries()) {
      const stored = decodeLogin(key, value);
      if (stored === undefined) return `the record of ${key.join(' ')} is damaged`;
      const member = keyOf(stored.login);
      if (!this.#times.has(placeOf(member, stored.dueAt))) return `the time index lacks ${key.join(' ')}`;
      const lost = stored.sessions.open.find(({ id }) => !this.#sessions.has(id, member));
      if (lost !== undefined) return `the session index lacks ${lost.id} ${key.join(' ')}`;
      addOne(addresses, member[0]);
      addOne(users, member[1]);
      records++;
      sessions += stored.sessions.open.length;
    }
    const miscounted = this.#users.findDamage(users) ?? this.#addresses.findDamage(addresses);
    if (miscounted !== undefined) return miscounted;
    const [times, open] = [this.#times.size(), this.#sessions.size()];
    if (times === records && open === sessions) return undefined;
    return `${records} logins with ${sessions} sessions, indexed ${times} and ${open}`;
  }
}

function addOne(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

function keyOf({ address, user }: Login): Member {
  return [address, userKey(user)];
}

function placeOf([address, user]: Member, dueAt: number): Place {
  return { dueAt, address, user };
}
