/**
 * Purges, which beat logins from before them that are told later: a log that is read late or once more, a node of the
 * cluster that was cut off.
 *
 *     tombstones  [mark] -> at, epoch ms of this host's clock
 *     tombstones  [0]    -> another text whenever they change
 *
 * A mark says what was purged: `*` is all, `ubob` the user bob, `n4` and bits a network or an address, `n6` for IPv6,
 * `m192.0.2.7 bob` bob at that address.
 *
 * Limits: stamps of whole seconds round down, so a login in the same second as the purge, after it, counts as before it.
 */
import { randomUUID } from 'node:crypto';
import { rangeOf, type Address, type Range } from '../login/address.ts';
import { leadingBits } from '../login/ip.ts';
import type { Login } from '../login/login.ts';
import type { Network } from '../login/network.ts';
import type { Environment, Key } from './lmdb.ts';
import { MAX_LIFE_MS, userKey } from './record.ts';
import { Records } from './records.ts';

/** A purge: no login at or before `at` that `mark` covers counts any more. */
export interface Tombstone {
  readonly mark: string;
  readonly at: number;
}

/** The mark of a purge of everything. */
export const EVERYTHING = '*';

export function userMark(user: string): string {
  return `u${userKey(user)}`;
}

/** The mark of one user at one address. */
export function loginMark(login: Login): string {
  return `m${memberOf(login)}`;
}

/** One user at one address, as text. */
export function memberOf({ address, user }: Login): string {
  return `${address} ${userKey(user)}`;
}

export function networkMark(network: Network): string {
  return `n${binary(network)}`;
}

export function addressMark(address: Address): string {
  return `n${addressBits(address)}`;
}

/** The family and the bits of an address as text, so that a network's are the beginning of its addresses'. */
function addressBits(address: Address): string {
  return binary(rangeOf(address));
}

function binary({ ip, prefix }: Range): string {
  return `${ip.family}${prefix === 0 ? '' : leadingBits(ip, prefix).toString(2).padStart(prefix, '0')}`;
}

/** Purges by their marks, asked about one login: that costs as much as there are lengths of networks, not purges. */
export class TombstoneSet implements Iterable<Tombstone> {
  readonly #at = new Map<string, number>();
  /** Of the marks of networks. */
  readonly #lengths = new Set<number>();
  /** Marks inside an IPv6 client's network, which may be an entry itself, by that network's. */
  readonly #inside = new Map<string, Set<string>>();

  constructor(tombstones: Iterable<Tombstone> = []) {
    for (const { mark, at } of tombstones) this.set(mark, at);
  }

  get(mark: string): number | undefined {
    return this.#at.get(mark);
  }

  set(mark: string, at: number): void {
    if (mark.startsWith('n') && !this.#at.has(mark)) this.#index(mark);
    this.#at.set(mark, at);
  }

  #index(mark: string): void {
    this.#lengths.add(mark.length);
    if (mark.length <= CLIENT_MARK_LENGTH) return;
    const client = mark.slice(0, CLIENT_MARK_LENGTH);
    this.#inside.set(client, (this.#inside.get(client) ?? new Set()).add(mark));
  }

  [Symbol.iterator](): Iterator<Tombstone> {
    return Array.from(this.#at, ([mark, at]) => ({ mark, at }))[Symbol.iterator]();
  }

  /** Whether one came after `login` and is of it. */
  covers(login: Login): boolean {
    return this.of(login).some(({ at }) => login.at <= at);
  }

  /** Those of its user, of its address and of networks that have an address in common with that; from whatever time. */
  of(login: Login): Tombstone[] {
    if (this.#at.size === 0) return [];
    const network = addressMark(login.address);
    const around = [...this.#lengths].filter((length) => length <= network.length).map((n) => network.slice(0, n));
    const marks = [EVERYTHING, userMark(login.user), loginMark(login), ...around, ...(this.#inside.get(network) ?? [])];
    return marks.flatMap((mark) => {
      const at = this.#at.get(mark);
      return at === undefined ? [] : { mark, at };
    });
  }
}

const CLIENT_MARK_LENGTH = 'n6'.length + 64; // longer ones are of IPv6, too

export class Tombstones {
  readonly #records: Records;
  /** What this process last read or wrote, and its {@link VERSION}: a transaction that came to nothing, too. */
  #known: { readonly version: unknown; readonly set: TombstoneSet } | undefined;

  constructor(environment: Environment) {
    this.#records = new Records(environment.table('tombstones'));
  }

  /** Good until the next change of them: read anew only when a process has changed them. */
  all(): TombstoneSet {
    const version = this.#records.get(VERSION);
    if (version === undefined || this.#known?.version !== version) this.#known = { version, set: this.#read() };
    return this.#known.set;
  }

  #read(): TombstoneSet {
    const records = [...this.#records.entries()].filter(([[mark]]) => typeof mark === 'string');
    return new TombstoneSet(records.map(([[mark], at]) => ({ mark: String(mark), at: Number(at) || 0 })));
  }

  /** Keeps those of `tombstones` that say more than what is kept, and returns them; none lies ahead of `now`. */
  raise(tombstones: readonly Tombstone[], now: number): Tombstone[] {
    const set = this.all();
    const raised = tombstones.flatMap(({ mark, at: askedAt }) => {
      const at = Math.min(askedAt, now);
      if (at < now - KEEP_MS || at <= (set.get(mark) ?? 0)) return [];
      this.#records.put([mark], at);
      set.set(mark, at);
      return [{ mark, at }];
    });
    if (raised.length > 0) this.#known = { version: this.#begin(), set };
    return raised;
  }

  /** Lowers those that lie ahead of `now`: they were made while the clock was, and would swallow the logins until then. */
  lower(now: number): void {
    const ahead = [...this.all()].filter(({ at }) => at > now);
    for (const { mark } of ahead) this.#records.put([mark], now);
    if (ahead.length > 0) this.#begin();
  }

  /** Forgets those that no login can be older than. */
  prune(now: number): void {
    const old = [...this.all()].filter(({ at }) => at < now - KEEP_MS);
    for (const { mark } of old) this.#records.remove([mark]);
    if (old.length > 0) this.#begin();
  }

  #begin(): string {
    const version = randomUUID(); // no number: a transaction that comes to nothing gives that back
    this.#records.put(VERSION, version);
    return version;
  }
}

/** Changes with them, whichever process changes them. */
const VERSION: Key = [0];
const KEEP_MS = MAX_LIFE_MS + 3_600_000; // a login older than the longest life is stale anyway; an hour for clocks
