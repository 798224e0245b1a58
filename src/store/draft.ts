/**
 * The logins as one transaction changes them: each is read once and written once, at its end, however often it changes
 * in between. In a backlog one client logs in many times, and most sessions have ended before their transaction does.
 *
 * Limits: it knows what logins and logouts do. Whatever removes logins or looks through all of them must
 * {@link Draft.write} first and works on the store itself.
 */
import type { Address } from '../login/address.ts';
import type { Logins } from './logins.ts';
import { userKey, type Kept, type Stored } from './record.ts';

export class Draft {
  readonly #logins: Logins;
  readonly #changes = new Map<string, Change>();
  /** Those that had a session of that id opened. */
  readonly #opened = new Map<string, Set<Change>>();
  /** How many logins are new, by address and by user. */
  readonly #newAt = new Map<string, number>();
  readonly #newOf = new Map<string, number>();

  constructor(logins: Logins) {
    this.#logins = logins;
  }

  get(address: Address, user: string): Stored | undefined {
    return this.#changeOf(address, user).now;
  }

  #changeOf(address: Address, user: string): Change {
    const key = `${address} ${userKey(user)}`;
    const known = this.#changes.get(key);
    if (known !== undefined) return known;
    const stored = this.#logins.get(address, user);
    const change = { before: stored, now: stored };
    this.#changes.set(key, change);
    return change;
  }

  /** Puts `kept`, which ends at `endsAt`, in the place of the one of its address and user. */
  put({ login, sessions }: Kept, endsAt: number): void {
    const change = this.#changeOf(login.address, login.user);
    const previous = change.now;
    if (previous === undefined) {
      addOne(this.#newAt, login.address);
      addOne(this.#newOf, userKey(login.user));
    }
    change.now = { login, sessions, dueAt: Math.min(previous?.dueAt ?? Infinity, endsAt) };
    for (const { id } of sessions.open) {
      const changes = this.#opened.get(id);
      if (changes === undefined) this.#opened.set(id, new Set([change]));
      else changes.add(change);
    }
  }

  /** The logins, commonly one, that have the session of that id open. */
  withSession(id: string): Stored[] {
    const kept = this.#logins.withSession(id).map(({ login }) => this.#changeOf(login.address, login.user));
    const changes = new Set([...kept, ...(this.#opened.get(id) ?? [])]);
    return [...changes].flatMap(({ now }) => (now?.sessions.open.some((each) => each.id === id) === true ? now : []));
  }

  /** How many users are kept at `address`; it counts the store's up to `limit`. */
  countAt(address: Address, limit: number): number {
    const added = this.#newAt.get(address) ?? 0;
    return added >= limit ? added : added + this.#logins.countAt(address, limit);
  }

  /** How many addresses are kept of `user`; it counts the store's up to `limit`. */
  countOf(user: string, limit: number): number {
    const added = this.#newOf.get(userKey(user)) ?? 0;
    return added >= limit ? added : added + this.#logins.countOf(user, limit);
  }

  /** Writes what has changed; what is asked from now on is read again. */
  write(): void {
    for (const { before, now } of this.#changes.values())
      if (now !== undefined && now !== before) this.#logins.write(now, before);
    for (const known of [this.#changes, this.#opened, this.#newAt, this.#newOf]) known.clear();
  }
}

/** One login, in the store and as it is to be there. */
interface Change {
  readonly before: Stored | undefined;
  now: Stored | undefined;
}

function addOne(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
