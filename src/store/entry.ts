import type { Address } from '../login/address.ts';
import type { Login } from '../login/login.ts';
import { counted, type Stored } from './record.ts';
import type { SessionLimits } from './sessions.ts';

/** The permission of one address to relay, and the logins it rests on. */
export interface Entry {
  readonly address: Address;
  /** The latest of its logins' `expiresAt`, epoch milliseconds. */
  readonly expiresAt: number;
  /** The last login of each user at this address that has not expired, newest first; at least one. */
  readonly logins: readonly Login[];
}

/** The entries that `stored`, the logins of one address together, amount to at `now`. */
export function* liveEntries(stored: Iterable<Stored>, now: number, limits: SessionLimits): Iterable<Entry> {
  let logins: Login[] = [];
  for (const each of stored) {
    const login = counted(each, now, limits);
    if (login.expiresAt <= now) continue;
    if (logins[0] !== undefined && logins[0].address !== login.address) {
      yield entryOf(logins[0].address, logins);
      logins = [];
    }
    logins.push(login);
  }
  if (logins[0] !== undefined) yield entryOf(logins[0].address, logins);
}

/** The entries of the `closed` addresses, with those of the `ended` logins that were theirs. */
export function endedEntries(ended: readonly Login[], closed: readonly Address[]): Entry[] {
  const byAddress = new Map<Address, Login[]>(closed.map((address) => [address, []]));
  for (const login of ended) byAddress.get(login.address)?.push(login);
  return Array.from(byAddress, ([address, logins]) => entryOf(address, logins));
}

function entryOf(address: Address, logins: readonly Login[]): Entry {
  return {
    address,
    expiresAt: logins.reduce((latest, { expiresAt }) => Math.max(latest, expiresAt), 0),
    logins: logins.toSorted((a, b) => b.at - a.at),
  };
}
