/**
 * Which logins may be past, by when:
 *
 *     by-time  [dueAt, address, user] -> a seal: see seal.ts
 *
 * It is lazy: a refresh, by far the commonest write, leaves a login's place as it is, and one that is due is looked at
 * again. Measured, that costs a third of moving it each time. So a login lasts at least until its place is due, and who
 * wants no more than to know who is permitted need not read the logins, which are six times as large.
 */
import type { Address } from '../login/address.ts';
import type { Environment, Key, Table } from './lmdb.ts';
import { sealed, unsealed } from './seal.ts';
import { Digest } from './digest.ts';

/** Where a login is in the index. */
export interface Place {
  readonly dueAt: number;
  readonly address: Address;
  /** As `userKey` folds it. */
  readonly user: string;
}

export class TimeIndex {
  readonly #table: Table;

  constructor(environment: Environment) {
    this.#table = environment.table('by-time');
  }

  put(place: Place): void {
    const key = keyOf(place);
    this.#table.put(key, sealed(key, ''));
  }

  remove(place: Place): void {
    this.#table.remove(keyOf(place));
  }

  /** When the first login may be past; it may have been refreshed since. */
  firstDueAt(): number | undefined {
    const key = this.#table.firstKey();
    return key && placeOf(key).dueAt;
  }

  /** The places that are due at `now`, damaged ones too. */
  dueAt(now: number): Place[] {
    return this.#table.keysBefore([now + 1]).map(placeOf);
  }

  /** All places in the order of their time, without the damaged ones. */
  *all(): Iterable<Place> {
    for (const [key, seal] of this.#table.entries()) if (unsealed(key, seal) !== undefined) yield placeOf(key);
  }

  /** The name of each place, none where it is damaged. */
  digest(): Digest {
    const digest = new Digest();
    for (const [key, seal] of this.#table.entries())
      digest.add(unsealed(key, seal) === undefined ? '' : placeName(placeOf(key)));
    return digest;
  }
}

/** One text for each place. */
export function placeName({ dueAt, address, user }: Place): string {
  return `${dueAt} ${address} ${user}`;
}

function keyOf({ dueAt, address, user }: Place): Key {
  return [dueAt, address, user];
}

function placeOf(key: Key): Place {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- an Address was put, and the seal covers it
  return { dueAt: Number(key[0]), address: String(key[1]) as Address, user: String(key[2]) };
}
