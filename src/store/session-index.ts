/**
 * Which logins have a session open, by the server's id of it:
 *
 *     by-session  [id] -> [[address, user], ...], commonly of one login
 *
 * Limits: where {@link MAX_SHARED} logins have an id open, it is opened for no further one: it tells no session.
 */
import type { Address } from '../login/address.ts';
import type { Environment } from './lmdb.ts';
import { Records } from './records.ts';
import { Digest } from './digest.ts';

/** The key of a login: its address, and its user as `userKey` folds it. */
export type Member = readonly [Address, string];

/** Old versions of Courier log an id that all clients behind an address share. */
export const MAX_SHARED = 50;

export class SessionIndex {
  readonly #records: Records;

  constructor(environment: Environment) {
    this.#records = new Records(environment.table('by-session'));
  }

  members(id: string): readonly Member[] {
    return membersIn(this.#records.get([id]));
  }

  set(id: string, members: readonly Member[]): void {
    if (members.length > 0) this.#records.put([id], members);
    else this.#records.remove([id]);
  }

  /** Of all that are open; one that is past its bound is, as long as its login is kept. */
  ids(): string[] {
    return Array.from(this.#records.keys(), ([id]) => String(id));
  }

  /** The name of each session and login that has it open. */
  digest(): Digest {
    const digest = new Digest();
    for (const [[id], value] of this.#records.entries())
      for (const member of membersIn(value)) digest.add(memberName(String(id), member));
    return digest;
  }
}

/** One text for each session and login that has it open. */
export function memberName(id: string, [address, user]: Member): string {
  return `${id} ${address} ${user}`;
}

/** None where the record is damaged: their sessions end at their bound. */
function membersIn(value: unknown): readonly Member[] {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the seal fits, and nothing else is put
  return Array.isArray(value) ? (value as Member[]) : [];
}
