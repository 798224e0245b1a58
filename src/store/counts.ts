/**
 * How many logins each user and each address has:
 *
 *     users      [user as `userKey` folds it] -> number
 *     addresses  [address]                    -> number
 *
 * To count them by a cursor takes several times as long as such a look-up and its write.
 */
import type { Environment } from './lmdb.ts';
import { Records } from './records.ts';
import { Digest } from './digest.ts';

export class Counts {
  readonly #records: Records;

  constructor(environment: Environment, table: 'users' | 'addresses') {
    this.#records = new Records(environment.table(table));
  }

  /** 0 also where the record is damaged. */
  of(name: string): number {
    const count = this.#records.get([name]);
    return typeof count === 'number' ? count : 0;
  }

  set(name: string, count: number): void {
    if (count > 0) this.#records.put([name], count);
    else this.#records.remove([name]);
  }

  /** Each name as often as it is counted; a damaged count is none. */
  digest(): Digest {
    const digest = new Digest();
    for (const [[name], count] of this.#records.entries())
      if (typeof count === 'number') digest.add(String(name), count);
    return digest;
  }
}
