/** One write transaction as it goes: what it does to the logins, under which caps, and what that makes of the state. */
import type { Address } from '../login/address.ts';
import type { Refused } from '../login/admission.ts';
import type { Login, Logout } from '../login/login.ts';
import { Draft } from './draft.ts';
import type { Limits } from './limits.ts';
import type { Logins } from './logins.ts';
import type { State } from './meta.ts';
import { clipped, counted, type Kept, type Stored } from './record.ts';
import { isFollowable, NO_SESSIONS, withEnded, withOpened, type EndedSessions } from './sessions.ts';
import { coversAny, loginMark, type Tombstone, type Tombstones } from './tombstones.ts';
import type { TrailEvent } from './trail.ts';

/** The options of `[admission]` that refuse a login by what else is kept. */
export const CAPS = ['max_addresses_per_user', 'max_users_per_address', 'max_entries'] as const;

type Cap = (typeof CAPS)[number];

/** What became of a login. */
export type Outcome =
  | { readonly kind: 'granted' }
  /** It permits for longer what was permitted already. */
  | { readonly kind: 'refreshed' }
  /** It is no newer than what is known of its user there, past by now, or a purge came after it. */
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'refused'; readonly cap: Cap };

/** A login that was removed, and the rule of admission that bars it. */
export interface Revoked extends Refused {
  readonly login: Login;
}

/** Two conversions of one login's times between the clocks of two hosts differ by less. */
export const SAME_MS = 1000;
const TOLD_REFRESH_MS = 600_000; // clients look for mail each minute: their first refresh in ten is told

/** What a change works on. */
interface ChangeParts {
  readonly logins: Logins;
  readonly tombstones: Tombstones;
  readonly ended: EndedSessions;
}

export class Change {
  readonly #logins: Logins;
  readonly #draft: Draft;
  readonly #tombstones: Tombstones;
  readonly #ended: EndedSessions;
  readonly #limits: Limits;
  readonly #now: number;
  #kept: readonly Tombstone[] | undefined;
  #state: State;
  #touched = false;
  readonly #events: TrailEvent[] = [];
  readonly #moved: Address[] = [];

  constructor({ logins, tombstones, ended }: ChangeParts, limits: Limits, now: number, state: State) {
    this.#logins = logins;
    this.#draft = new Draft(logins);
    this.#tombstones = tombstones;
    this.#ended = ended;
    this.#limits = limits;
    this.#now = now;
    this.#state = state;
  }

  /** Writes the logins; the result is the state to keep, undefined when nothing has changed. */
  write(): State | undefined {
    this.#draft.write();
    return this.#touched ? { ...this.#state, clockAt: this.#now } : undefined;
  }

  /** The addresses that came or went. */
  moved(): readonly Address[] {
    return this.#moved;
  }

  /** What the audit trail is to tell of it, in the order in which it happened. */
  events(): readonly TrailEvent[] {
    return this.#events;
  }

  record(claimed: Login): Outcome {
    const login = this.#asCounted(claimed);
    return coversAny(this.buried(), login) ? { kind: 'unchanged' } : this.#record(login);
  }

  /**
   * Records what the cluster tells, no purge of which may cover it: the caller has looked at these. What is known here
   * counts with its sessions, and stays as it is where `claimed` adds nothing but the rounding of its way.
   */
  recordShared(claimed: Login): Outcome {
    const kept = this.#draft.get(claimed.address, claimed.user);
    const knownUntil = kept === undefined ? 0 : this.#count(kept).expiresAt;
    const isKnown = knownUntil > this.#now && claimed.expiresAt <= knownUntil + SAME_MS;
    return isKnown ? { kind: 'unchanged' } : this.#record(this.#asCounted(claimed));
  }

  #record(login: Login): Outcome {
    const kept = this.#draft.get(login.address, login.user);
    const outcome = this.#decide(login, kept);
    this.#tell(login, kept, outcome);
    return outcome;
  }

  #asCounted(login: Login): Login {
    return this.#clipped({ login, sessions: NO_SESSIONS }).login;
  }

  #decide(login: Login, kept: Stored | undefined): Outcome {
    if (!(login.expiresAt > this.#now)) return { kind: 'unchanged' }; // so written, NaN is none either
    const live = kept !== undefined && this.#count(kept).expiresAt > this.#now ? this.#clipped(kept) : undefined;
    const joined = this.#join(login, live);
    if (joined === live) return { kind: 'unchanged' };
    const cap = live === undefined ? this.#reachedCap(login) : undefined;
    if (cap !== undefined) return { kind: 'refused', cap };
    this.#put(joined);
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
    return this.#limits.maxSessionMs > 0 && isFollowable(session) && !this.#ended.has(session, at);
  }

  logout({ session, at: claimedAt }: Logout): void {
    if (!isFollowable(session)) return;
    const at = Number.isSafeInteger(claimedAt) ? Math.min(claimedAt, this.#now) : 0;
    this.#ended.add(session, at);
    for (const stored of this.#draft.withSession(session)) {
      const { login, sessions } = this.#clipped(stored);
      this.#put({ login, sessions: withEnded(sessions, session, at, this.#limits) });
    }
  }

  /** Every tombstone. */
  buried(): readonly Tombstone[] {
    this.#kept ??= this.#tombstones.all();
    return this.#kept;
  }

  #tell(login: Login, kept: Stored | undefined, outcome: Outcome): void {
    if (outcome.kind === 'unchanged') return;
    if (outcome.kind === 'refreshed' && !isToldRefresh(login, kept)) return;
    const reason = outcome.kind === 'refused' ? outcome.cap : undefined;
    const by = login.evidence.by === 'admin' ? login.evidence.name : undefined;
    const { address, user, service } = login;
    const event = { at: this.#now, kind: outcome.kind, address, user, service, by, reason };
    if (outcome.kind === 'refused') this.#events.push(event);
    else this.#events.push({ ...event, expiresAt: login.expiresAt, ...(this.#opens(login) && { whileOpen: true }) });
  }

  #subject({ address, user, service }: Login): Pick<TrailEvent, 'at' | 'address' | 'user' | 'service'> {
    return { at: this.#now, address, user, service };
  }

  #clipped(kept: Kept): Kept {
    return clipped(kept, this.#now, this.#limits);
  }

  #count(kept: Kept): Login {
    return counted(kept, this.#now, this.#limits);
  }

  /** Only live logins count: where a cap seems reached, the past ones go first. */
  #reachedCap(login: Login): Cap | undefined {
    if (this.#seemsReached(login) === undefined) return undefined;
    this.expire();
    return this.#seemsReached(login);
  }

  /**
   * An admin's grant is meant, whoever else is there, and another node's login was held to its caps when that node
   * admitted it, so that all nodes agree: only the size of the store bounds these.
   */
  #seemsReached({ address, user, evidence, node }: Login): Cap | undefined {
    const { maxAddressesPerUser, maxUsersPerAddress, maxEntries } = this.#limits;
    if (this.#state.addresses >= maxEntries && !this.#isKept(address)) return 'max_entries';
    if (evidence.by === 'admin' || node !== undefined) return undefined;
    if (this.#draft.countOf(user, maxAddressesPerUser) >= maxAddressesPerUser) return 'max_addresses_per_user';
    if (maxUsersPerAddress === 0) return undefined;
    return this.#draft.countAt(address, maxUsersPerAddress) >= maxUsersPerAddress ? 'max_users_per_address' : undefined;
  }

  #isKept(address: Address): boolean {
    return this.#draft.countAt(address, 1) > 0;
  }

  #put(kept: Kept): void {
    const { address, user } = kept.login;
    const isNew = this.#draft.get(address, user) === undefined && !this.#isKept(address);
    this.#draft.put(kept, this.#count(kept).expiresAt);
    this.#touched = true;
    if (isNew) this.#countAddresses(1, [kept.login.address]);
  }

  /** Keeps `tombstones` and removes what they cover: a purge beats a login from before it that is told later. */
  bury(tombstones: readonly Tombstone[], by: string): Login[] {
    const raised = this.#tombstones.raise(tombstones, this.#now);
    if (raised.length === 0) return [];
    this.#tombstones.prune(this.#now);
    this.#touched = true; // when it was, so that a clock which is set back then is noticed
    const covered = [...this.#written().all()].filter(({ login }) => coversAny(raised, login));
    this.remove(covered, { by });
    return covered.map(({ login }) => login);
  }

  /** Keeps a tombstone for each of `logins`, which have been removed. */
  keepTombstonesOf(logins: readonly Login[]): void {
    this.#tombstones.raise(
      logins.map((login) => ({ mark: loginMark(login), at: this.#now })),
      this.#now,
    );
  }

  /** Removes the logins that `barred` tells a reason against. */
  revoke(barred: (login: Login) => Refused | undefined): Revoked[] {
    const found: { readonly stored: Stored; readonly refusal: Refused }[] = []; // a cursor must not meet the writes
    for (const stored of this.#written().all()) {
      const refusal = barred(stored.login);
      if (refusal !== undefined) found.push({ stored, refusal });
    }
    return found.map(({ stored, refusal }) => {
      this.remove([stored], { reason: refusal.refused, detail: refusal.detail });
      return { login: stored.login, ...refusal };
    });
  }

  /** Removes `stored`; the audit trail tells `why`. */
  remove(stored: readonly Stored[], why: Pick<TrailEvent, 'by' | 'reason' | 'detail'>): void {
    for (const each of stored) this.#written().remove(each);
    for (const { login } of stored) this.#events.push({ ...this.#subject(login), kind: 'purged', ...why });
    this.#closed(stored.map(({ login }) => login));
  }

  /** Removes what is past: the logins, and the addresses that have none any more. */
  expire(): { readonly logins: readonly Login[]; readonly closed: readonly Address[] } {
    const logins = this.#written().removePast(this.#now, (kept) => this.#count(kept));
    for (const login of logins) this.#events.push({ ...this.#subject(login), kind: 'expired' });
    return { logins, closed: this.#closed(logins) };
  }

  #closed(removed: readonly Login[]): Address[] {
    if (removed.length > 0) this.#touched = true;
    const addresses = new Set(removed.map(({ address }) => address));
    const closed = [...addresses].filter((address) => !this.#isKept(address));
    if (closed.length > 0) this.#countAddresses(-closed.length, closed);
    return closed;
  }

  #countAddresses(difference: number, moved: readonly Address[]): void {
    for (const address of moved) this.#moved.push(address);
    const { addresses, lastRemoval } = this.#state;
    const generation = this.#state.generation + 1;
    this.#state = {
      ...this.#state,
      generation,
      lastRemoval: difference < 0 ? generation : lastRemoval,
      addresses: addresses + difference,
    };
  }

  /** Whether the clock was set back since the last change, so that stored stamps may lie ahead of it. */
  clockWentBack(): boolean {
    return this.#now < this.#state.clockAt;
  }

  /** Shortens every login that outlives now + grace and the bound of its open sessions; no purge is ahead of now either. */
  clip(): void {
    this.#tombstones.lower(this.#now);
    const shortened: Kept[] = []; // a cursor must not meet the writes
    for (const stored of this.#written().all()) {
      const short = this.#clipped(stored);
      if (short !== stored || this.#count(short).expiresAt < stored.dueAt) shortened.push(short);
    }
    for (const short of shortened) this.#put(short);
    this.#draft.write();
    this.#touched = true;
  }

  /** The store's logins, in which all is written. */
  #written(): Logins {
    this.#draft.write();
    return this.#logins;
  }
}

/** An admin's always; of a client that comes again and again only the first one in a while. */
function isToldRefresh({ at, evidence }: Login, kept: Stored | undefined): boolean {
  return evidence.by === 'admin' || slotOf(at) !== slotOf(kept?.login.at ?? 0);
}

function slotOf(ms: number): number {
  return Math.floor(ms / TOLD_REFRESH_MS);
}
