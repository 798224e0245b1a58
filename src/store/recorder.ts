/** What the logins and logouts of one batch do to what is kept, under the caps of `[admission]`. */
import type { Login, Logout } from '../login/login.ts';
import type { Change } from './change.ts';
import type { Slot } from './logins.ts';
import type { Cap, Outcome } from './outcome.ts';
import type { Kept, Stored } from './record.ts';
import { MAX_SHARED } from './session-index.ts';
import { isFollowable, isOpen, NO_SESSIONS, withEnded, withOpened, type EndedSessions } from './sessions.ts';
import type { TombstoneSet } from './tombstones.ts';

/** Two conversions of one login's times between the clocks of two hosts differ by less. */
export const SAME_MS = 1000;
const TOLD_REFRESH_MS = 600_000; // clients look for mail each minute: their first refresh in ten is told

export class Recorder {
  readonly #change: Change;
  readonly #ended: EndedSessions;

  /** `ended` are the sessions that have lately ended. */
  constructor(change: Change, ended: EndedSessions) {
    this.#change = change;
    this.#ended = ended;
  }

  /** Records what was seen on this host, where none of `buried` has come after it. */
  record(claimed: Login, buried: TombstoneSet): Outcome {
    const login = this.#change.clippedLogin(claimed);
    return buried.covers(login) ? { kind: 'unchanged' } : this.#record(login);
  }

  /**
   * Records what the cluster tells, no purge of which may cover it: the caller has looked at these. What is known here
   * counts with its sessions, and stays as it is where `claimed` adds nothing but the rounding of its way.
   */
  recordShared(claimed: Login): Outcome {
    const kept = this.#change.slot(claimed.address, claimed.user).now;
    const knownUntil = kept === undefined ? 0 : this.#change.endOf(kept);
    const isKnown = knownUntil > this.#change.now && claimed.expiresAt <= knownUntil + SAME_MS;
    return isKnown ? { kind: 'unchanged' } : this.#record(this.#change.clippedLogin(claimed));
  }

  #record(login: Login): Outcome {
    const slot = this.#change.slot(login.address, login.user);
    const kept = slot.now;
    const outcome = this.#decide(login, slot);
    this.#tell(login, kept, outcome, slot);
    return outcome;
  }

  #decide(login: Login, slot: Slot): Outcome {
    const { now } = this.#change;
    const kept = slot.now;
    if (!(login.expiresAt > now)) return { kind: 'unchanged' }; // so written, NaN is none either
    const live = kept !== undefined && this.#change.endOf(kept) > now ? this.#change.clipped(kept) : undefined;
    const joined = this.#join(login, live);
    if (joined === live) return { kind: 'unchanged' };
    const cap = live === undefined ? this.#reachedCap(login) : undefined;
    if (cap !== undefined) return { kind: 'refused', cap };
    this.#change.put(slot, joined);
    return { kind: live === undefined ? 'granted' : 'refreshed' };
  }

  /** `login` and `live`, what is kept of its user there, in one: `live` itself where that tells it all. */
  #join(login: Login, live: Kept | undefined): Kept {
    const known = live?.sessions ?? NO_SESSIONS;
    const sessions = this.#opens(login) ? withOpened(known, login.session, login.at) : known;
    if (live === undefined || login.expiresAt > live.login.expiresAt) return { login, sessions };
    return sessions === known ? live : { login: live.login, sessions };
  }

  #opens(login: Login): login is Login & { readonly session: string } {
    const { session, at } = login;
    if (this.#change.limits.maxSessionMs === 0 || !isFollowable(session) || this.#ended.has(session, at)) return false;
    return this.#change.withSession(session).length < MAX_SHARED;
  }

  logout({ session, at: claimedAt }: Logout): void {
    if (!isFollowable(session)) return;
    const at = Number.isSafeInteger(claimedAt) ? Math.min(claimedAt, this.#change.now) : 0;
    this.#ended.add(session, at);
    for (const slot of this.#change.withSession(session)) {
      if (slot.now === undefined) continue;
      const { login, sessions } = this.#change.clipped(slot.now);
      this.#change.put(slot, { login, sessions: withEnded(sessions, session, at, this.#change.limits) });
    }
  }

  /** Only live logins count: where a cap seems reached, the past ones go first. */
  #reachedCap(login: Login): Cap | undefined {
    if (this.#seemsReached(login) === undefined) return undefined;
    this.#change.expire();
    return this.#seemsReached(login);
  }

  /**
   * An admin's grant is meant, whoever else is there, and another node's login was held to its caps when that node
   * admitted it, so that all nodes agree: only the size of the store bounds these.
   */
  #seemsReached({ address, user, evidence, node }: Login): Cap | undefined {
    const { maxAddressesPerUser, maxUsersPerAddress, maxEntries } = this.#change.limits;
    if (this.#change.addresses >= maxEntries && this.#change.countAt(address) === 0) return 'max_entries';
    if (evidence.by === 'admin' || node !== undefined) return undefined;
    if (this.#change.countOf(user) >= maxAddressesPerUser) return 'max_addresses_per_user';
    if (maxUsersPerAddress === 0 || this.#change.countAt(address) < maxUsersPerAddress) return undefined;
    return 'max_users_per_address';
  }

  #tell(login: Login, before: Stored | undefined, outcome: Outcome, { now: kept }: Slot): void {
    if (outcome.kind === 'unchanged' || (outcome.kind === 'refreshed' && !isToldRefresh(login, before))) return;
    const { address, user, service, session, evidence, expiresAt } = login;
    const isRefused = outcome.kind === 'refused';
    this.#change.tell({
      at: this.#change.now,
      kind: outcome.kind,
      address,
      user,
      service,
      by: evidence.by === 'admin' ? evidence.name : undefined,
      reason: isRefused ? outcome.cap : undefined,
      expiresAt: isRefused ? undefined : expiresAt,
      whileOpen:
        !isRefused && session !== undefined && kept !== undefined && isOpen(kept.sessions, session) ? true : undefined,
    });
  }
}

/** An admin's always; of a client that comes again and again only the first one in a while. */
function isToldRefresh({ at, evidence }: Login, before: Stored | undefined): boolean {
  return evidence.by === 'admin' || tenMinutesOf(at) !== tenMinutesOf(before?.login.at ?? 0);
}

function tenMinutesOf(ms: number): number {
  return Math.floor(ms / TOLD_REFRESH_MS);
}
