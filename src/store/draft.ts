/**
 * The logins as one transaction changes them: each is read once and written once, at its end, however often it changes
 * in between. In a backlog one client logs in many times, and most sessions have ended before their transaction does.
 *
 * Limits: it knows what logins and logouts do. Whatever removes logins or looks through all of them must
 * {@link Draft.write} first and works on the store itself.
 */
import type { Address } from '../login/address.ts';
import type { LoginChange, Logins } from './logins.ts';
import { userKey, type Kept, type Stored } from './record.ts';
import { isOpen } from './sessions.ts';

export class Draft {
  readonly #logins: Logins;
  readonly #slots = new Map<string, Slot>();
  /** Those that have or had the session of that id open. */
  readonly #sessions = new Map<string, Set<Slot>>();
  /** How many logins are new, by address and by user. */
  readonly #newAt = new Map<string, number>();
  readonly #newOf = new Map<string, number>();

  constructor(logins: Logins) {
    this.#logins = logins;
  }

  get(address: Address, user: string): Stored | undefined {
    return this.#slot(address, userKey(user)).now;
  }

  #slot(address: Address, user: string): Slot {
    const key = `${address} ${user}`;
    const known = this.#slots.get(key);
    if (known !== undefined) return known;
    const stored = this.#logins.get(address, user);
    const slot = { before: stored, now: stored };
    this.#slots.set(key, slot);
    return slot;
  }

  /** Puts `kept`, which ends at `endsAt`, in the place of the one of its address and user. */
  put({ login, sessions }: Kept, endsAt: number): void {
    const user = userKey(login.user);
    const slot = this.#slot(login.address, user);
    const previous = slot.now;
    if (previous === undefined) {
      addOne(this.#newAt, login.address);
      addOne(this.#newOf, user);
    }
    slot.now = { login, sessions, dueAt: previous === undefined ? endsAt : Math.min(previous.dueAt, endsAt) };
    if (sessions.open !== previous?.sessions.open)
      for (const { id } of sessions.open) this.#slotsOfSession(id).add(slot);
  }

  /** The logins, commonly one, that have the session of that id open. */
  withSession(id: string): Stored[] {
    const opened: Stored[] = [];
    for (const { now } of this.#slotsOfSession(id)) if (now !== undefined && isOpen(now.sessions, id)) opened.push(now);
    return opened;
  }

  #slotsOfSession(id: string): Set<Slot> {
    const known = this.#sessions.get(id);
    if (known !== undefined) return known;
    const slots = new Set(this.#logins.withSession(id).map(([address, user]) => this.#slot(address, user)));
    this.#sessions.set(id, slots);
    return slots;
  }

  /** How many users are kept at `address`. */
  countAt(address: Address): number {
    return (this.#newAt.get(address) ?? 0) + this.#logins.countAt(address);
  }

  /** How many addresses are kept of `user`. */
  countOf(user: string): number {
    return (this.#newOf.get(userKey(user)) ?? 0) + this.#logins.countOf(user);
  }

  /** Writes what has changed; what is asked from now on is read again. */
  write(): void {
    const changes: LoginChange[] = [];
    for (const { before, now } of this.#slots.values())
      if (now !== undefined && now !== before) changes.push({ before, now });
    this.#logins.write(changes);
    for (const known of [this.#slots, this.#sessions, this.#newAt, this.#newOf]) known.clear();
  }
}

/** One login, in the store and as it is to be there. */
interface Slot {
  readonly before: Stored | undefined;
  now: Stored | undefined;
}

function addOne(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
