/**
 * The logins in the store and their three indexes, kept in step; to be used inside a transaction.
 *
 *     logins      [address, user]           -> record.ts
 *     by-user     [user, address]           -> nothing
 *     by-time     [dueAt, address, user]    -> nothing
 *     by-session  [session, address, user]  -> nothing, for each open session
 *
 * The time index is lazy: a refresh, by far the commonest write, leaves it as it is, and a login that is due is looked
 * at again. Measured, that costs a third of moving it each time.
 */
import type { Address } from '../login/address.ts';
import type { Login } from '../login/login.ts';
import type { Environment, Key, Table } from './lmdb.ts';
import { decodeLogin, encodeLogin, userKey, type Kept, type Stored } from './record.ts';
import { Records } from './records.ts';
import { NO_SESSIONS, type Sessions } from './sessions.ts';

const NOTHING = Buffer.alloc(0);

export class Logins {
  readonly #records: Records;
  readonly #byUser: Table;
  readonly #byTime: Table;
  readonly #bySession: Table;

  constructor(environment: Environment) {
    this.#records = new Records(environment.table('logins'));
    this.#byUser = environment.table('by-user');
    this.#byTime = environment.table('by-time');
    this.#bySession = environment.table('by-session');
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

  of(user: string): Stored[] {
    return [...this.#byUser.keys([userKey(user)])].flatMap(([folded = '', address = '']) => {
      return this.#get([address, folded]) ?? [];
    });
  }

  /** The logins, commonly one, that have the session of that id open. */
  withSession(id: string): Stored[] {
    return [...this.#bySession.keys([id])].flatMap(([, ...key]) => this.#get(key) ?? []);
  }

  /** How many users are kept at `address`, counted up to `limit`. */
  countAt(address: Address, limit: number): number {
    return count(this.#records.keys([address]), limit);
  }

  /** How many addresses are kept of `user`, counted up to `limit`. */
  countOf(user: string, limit: number): number {
    return count(this.#byUser.keys([userKey(user)]), limit);
  }

  /** Puts `stored` in the place of `previous`, the one of its address and user. */
  write(stored: Stored, previous: Stored | undefined): void {
    const { login, sessions, dueAt } = stored;
    const [address, user] = [login.address, userKey(login.user)];
    this.#records.put([address, user], encodeLogin(stored));
    this.#index(sessions, previous?.sessions ?? NO_SESSIONS, [address, user]);
    if (dueAt === previous?.dueAt) return;
    if (previous === undefined) this.#byUser.put([user, address], NOTHING);
    else this.#byTime.remove([previous.dueAt, address, user]);
    this.#byTime.put([dueAt, address, user], NOTHING);
  }

  #index({ open }: Sessions, previous: Sessions, key: Key): void {
    const ids = new Set(open.map(({ id }) => id));
    for (const { id } of previous.open) if (!ids.delete(id)) this.#bySession.remove([id, ...key]);
    for (const id of ids) this.#bySession.put([id, ...key], NOTHING);
  }

  remove({ login, sessions, dueAt }: Stored): void {
    const [address, user] = [login.address, userKey(login.user)];
    this.#index(NO_SESSIONS, sessions, [address, user]);
    this.#records.remove([address, user]);
    this.#byUser.remove([user, address]);
    this.#byTime.remove([dueAt, address, user]);
  }

  /** When the first login may be past; it may have been refreshed since. */
  firstDueAt(): number | undefined {
    for (const [dueAt] of this.#byTime.keys()) return Number(dueAt);
    return undefined;
  }

  /**
   * Removes every login that is past at `now`, as `weigh` makes them count; those that were refreshed meanwhile
   * get their new place in the index.
   */
  removePast(now: number, weigh: (kept: Kept) => Login): Login[] {
    return this.#placesDue(now).flatMap((place) => this.#review(place, now, weigh) ?? []);
  }

  #placesDue(now: number): Key[] {
    const due: Key[] = [];
    for (const place of this.#byTime.keys()) {
      if (Number(place[0]) > now) break;
      due.push(place);
    }
    return due;
  }

  #review(place: Key, now: number, weigh: (kept: Kept) => Login): Login | undefined {
    const [dueAt, ...key] = place;
    const stored = this.#get(key);
    if (stored === undefined || stored.dueAt !== dueAt) {
      this.#byTime.remove(place); // of a damaged record, which permits nothing
      return undefined;
    }
    const login = weigh(stored);
    if (login.expiresAt > now) {
      this.write({ ...stored, dueAt: login.expiresAt }, stored);
      return undefined;
    }
    this.remove(stored);
    return login;
  }

  /** What is wrong with the records or their indexes, undefined when nothing is. */
  findDamage(): string | undefined {
    let records = 0;
    let sessions = 0;
    for (const [key, value] of this.#records.entries()) {
      const stored = decodeLogin(key, value);
      if (stored === undefined) return `the record of ${key.join(' ')} is damaged`;
      if (this.#byUser.get(key.toReversed()) === undefined) return `the user index lacks ${key.join(' ')}`;
      if (this.#byTime.get([stored.dueAt, ...key]) === undefined) return `the time index lacks ${key.join(' ')}`;
      const lost = stored.sessions.open.find(({ id }) => this.#bySession.get([id, ...key]) === undefined);
      if (lost !== undefined) return `the session index lacks ${lost.id} ${key.join(' ')}`;
      records++;
      sessions += stored.sessions.open.length;
    }
    const [users, times, open] = [this.#byUser, this.#byTime, this.#bySession].map((index) =>
      count(index.keys(), Infinity),
    );
    if (users === records && times === records && open === sessions) return undefined;
    return `${records} logins with ${sessions} sessions, indexed ${users}, ${times} and ${open}`;
  }
}

function count(keys: Iterable<unknown>, limit: number): number {
  let counted = 0;
  for (const _ of keys) if (++counted >= limit) break;
  return counted;
}
