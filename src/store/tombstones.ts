/**
 * Purges, which beat logins from before them that are told later: a log that is read late or once more, a node of the
 * cluster that was cut off.
 *
 *     tombstones  [mark] -> at, epoch ms of this host's clock
 *
 * A mark says what was purged: `*` is all, `ubob` the user bob, `n4` and bits a network or an address, `n6` for IPv6,
 * `m192.0.2.7 bob` bob at that address.
 *
 * Limits: stamps of whole seconds round down, so a login in the same second as the purge, after it, counts as before it.
 */
import { rangeOf, type Address } from '../login/address.ts';
import { BITS } from '../login/ip.ts';
import type { Login } from '../login/login.ts';
import type { Network } from '../login/network.ts';
import type { Environment } from './lmdb.ts';
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

export function networkMark({ family, prefix, bits }: Network): string {
  return `n${binary(family, bits, prefix)}`;
}

export function addressMark(address: Address): string {
  return `n${addressBits(address)}`;
}

/** The family and the bits of an address as text, so that a network's are the beginning of its addresses'. */
function addressBits(address: Address): string {
  const { ip, prefix } = rangeOf(address);
  return binary(ip.family, ip.bits >> BigInt(BITS[ip.family] - prefix), prefix);
}

function binary(family: 4 | 6, bits: bigint, prefix: number): string {
  return `${family}${prefix === 0 ? '' : bits.toString(2).padStart(prefix, '0')}`;
}

/** Whether one of `tombstones` came after `login` and covers it. */
export function coversAny(tombstones: readonly Tombstone[], login: Login): boolean {
  if (tombstones.length === 0) return false;
  const user = userMark(login.user);
  const network = addressMark(login.address);
  const own = loginMark(login);
  return tombstones.some(({ mark, at }) => login.at <= at && (mark === user || mark === own || touches(mark, network)));
}

/** Like `contains` of login/network.ts: also where the entry is itself a network that holds what was purged. */
function touches(mark: string, network: string): boolean {
  return mark === EVERYTHING || (mark.startsWith('n') && (network.startsWith(mark) || mark.startsWith(network)));
}

export class Tombstones {
  readonly #records: Records;

  constructor(environment: Environment) {
    this.#records = new Records(environment.table('tombstones'));
  }

  all(): Tombstone[] {
    return Array.from(this.#records.entries(), ([[mark], at]) => ({ mark: String(mark), at: Number(at) || 0 }));
  }

  /** Keeps those of `tombstones` that say more than what is kept, and returns them; none lies ahead of `now`. */
  raise(tombstones: readonly Tombstone[], now: number): Tombstone[] {
    return tombstones.flatMap((tombstone) => {
      const { mark } = tombstone;
      const at = Math.min(tombstone.at, now);
      if (at < now - KEEP_MS || at <= (Number(this.#records.get([mark])) || 0)) return [];
      this.#records.put([mark], at);
      return [{ mark, at }];
    });
  }

  /** Lowers those that lie ahead of `now`: they were made while the clock was, and would swallow the logins until then. */
  lower(now: number): void {
    for (const { mark, at } of this.all()) if (at > now) this.#records.put([mark], now);
  }

  /** Forgets those that no login can be older than. */
  prune(now: number): void {
    for (const { mark, at } of this.all()) if (at < now - KEEP_MS) this.#records.remove([mark]);
  }
}

const KEEP_MS = MAX_LIFE_MS + 3_600_000; // a login older than the longest life is stale anyway; an hour for clocks
