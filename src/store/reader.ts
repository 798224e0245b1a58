/**
 * What is permitted, as the store's logins have it; to be used inside a transaction.
 *
 * Promises: nothing that it gives is past by the clock, or outlives both now + grace and the bound of its open sessions.
 */
import type { Address } from '../login/address.ts';
import type { Login } from '../login/login.ts';
import { liveEntries, type Entry } from './entry.ts';
import type { Limits } from './limits.ts';
import type { Key } from './lmdb.ts';
import type { Logins } from './logins.ts';
import { counted, userKey, type Stored } from './record.ts';
import { covering, selected, type Selector } from './selector.ts';

export class Reader {
  readonly #logins: Logins;
  readonly #limits: Limits;

  constructor(logins: Logins, limits: Limits) {
    this.#logins = logins;
    this.#limits = limits;
  }

  /** All entries, ordered by the text of their address. */
  entries(now: number): Iterable<Entry> {
    return liveEntries(this.#logins.all(), now, this.#limits);
  }

  /** The live logins of about `limit` records from `start` on, and where to go on. */
  page(start: Key, limit: number, now: number): Page {
    const { stored, next } = this.#logins.page(start, limit);
    return { logins: stored.map((each) => this.#counted(each, now)).filter(({ expiresAt }) => expiresAt > now), next };
  }

  /** The entry that permits `address`: its own or its network's. */
  entry(address: Address, now: number): Entry | undefined {
    return this.#first(covering(this.#logins, address), now);
  }

  /** The live login of `user` at exactly `address`. */
  login(address: Address, user: string, now: number): Login | undefined {
    const stored = this.#logins.get([address, userKey(user)]);
    return stored && this.#first([stored], now)?.logins[0];
  }

  /** The entries that a live login of `user` has a part in. */
  entriesOfUser(user: string, now: number): Entry[] {
    const isTheirs = (login: Login) => userKey(login.user) === userKey(user);
    return this.#logins
      .of(user)
      .flatMap(({ login }) => this.#first(this.#logins.at(login.address), now) ?? [])
      .filter(({ logins }) => logins.some(isTheirs));
  }

  /** What a purge by `selector` would remove. */
  purgeable(selector: Selector, now: number): Login[] {
    if (!('expired' in selector)) return selected(this.#logins, selector).map(({ login }) => login);
    return Array.from(this.#logins.all(), (stored) => this.#counted(stored, now)).filter(
      ({ expiresAt }) => expiresAt <= now,
    );
  }

  #first(stored: Iterable<Stored>, now: number): Entry | undefined {
    for (const entry of liveEntries(stored, now, this.#limits)) return entry;
    return undefined;
  }

  #counted(stored: Stored, now: number): Login {
    return counted(stored, now, this.#limits);
  }
}

/** Some of the logins, and the key to go on from, undefined at the end. */
export interface Page {
  readonly logins: readonly Login[];
  readonly next: Key | undefined;
}
