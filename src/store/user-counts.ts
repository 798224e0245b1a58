/** At how many addresses each user is kept:  users  [user as `userKey` folds it] -> number  */
import type { Environment } from './lmdb.ts';
import { Records } from './records.ts';

export class UserCounts {
  readonly #records: Records;

  constructor(environment: Environment) {
    this.#records = new Records(environment.table('users'));
  }

  /** 0 also where the record is damaged. */
  of(user: string): number {
    const count = this.#records.get([user]);
    return typeof count === 'number' ? count : 0;
  }

  add(user: string, difference: 1 | -1): void {
    const count = this.of(user) + difference;
    if (count > 0) this.#records.put([user], count);
    else this.#records.remove([user]);
  }

  /** Where they differ from `counted`, undefined where they do not. */
  findDamage(counted: ReadonlyMap<string, number>): string | undefined {
    let users = 0;
    for (const [[user = ''], count] of this.#records.entries()) {
      if (count !== counted.get(String(user))) return `the count of ${user} is wrong`;
      users++;
    }
    return users === counted.size ? undefined : `${counted.size} users, counted ${users}`;
  }
}
