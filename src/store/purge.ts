/** Removals that somebody asks for: an admin, another node of the cluster, or rules that have changed. */
import type { Refused } from '../login/admission.ts';
import type { Login } from '../login/login.ts';
import type { Change } from './change.ts';
import { loginMark, TombstoneSet, type Tombstone, type Tombstones } from './tombstones.ts';

/** A login that was removed, and the rule of admission that bars it. */
export interface Revoked extends Refused {
  readonly login: Login;
}

/** Keeps `raised` and removes what they cover: a purge beats a login from before it that is told later. */
export function bury(change: Change, tombstones: Tombstones, asked: readonly Tombstone[], by: string): Login[] {
  const raised = tombstones.raise(asked, change.now);
  if (raised.length === 0) return [];
  tombstones.prune(change.now);
  change.touch();
  const news = new TombstoneSet(raised);
  const covered = [...change.all()].filter(({ login }) => news.covers(login));
  change.remove(covered, { by });
  return covered.map(({ login }) => login);
}

/** Keeps a tombstone for each of `logins`, which have been removed. */
export function keepTombstones(change: Change, tombstones: Tombstones, logins: readonly Login[]): void {
  const marks = logins.map((login) => ({ mark: loginMark(login), at: change.now }));
  tombstones.raise(marks, change.now);
}

/** Tells why a login of that user there is barred, undefined where it is not. */
export type Barred = (login: Pick<Login, 'address' | 'user'>) => Refused | undefined;

/** Removes the logins that are `barred`. */
export function revoke(change: Change, barred: Barred): Revoked[] {
  const found = [...change.places()].filter((place) => barred(place) !== undefined); // a cursor must not meet the writes
  return found.flatMap(({ address, user }) => {
    const stored = change.slot(address, user).now;
    if (stored === undefined) return [];
    const refusal = barred(stored.login); // which has the user as logged
    if (refusal === undefined) return [];
    change.remove([stored], { reason: refusal.refused, detail: refusal.detail });
    return { login: stored.login, ...refusal };
  });
}
