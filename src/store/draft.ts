/**
 * The logins as one transaction changes them: each is read once and written once, at its end, however often it changes
 * in between. In a backlog one client logs in many times, and most sessions have ended before their transaction does.
 *
 * Limits: whoever looks through the store's logins must {@link Draft.write} first.
 */
import type { Address } from '../login/address.ts';
import { Cells } from './cells.ts';
import type { Logins, Slot } from './logins.ts';
import { userKey, type Kept, type Stored } from './record.ts';
import type { Member } from './session-index.ts';
import { isOpen, NO_SESSIONS, type Sessions } from './sessions.ts';

export class Draft {
  readonly #logins: Logins;
  readonly #slots: Cells<Member, Stored | undefined>;
  /** Those that have the session of that id open. */
  readonly #sessions: Cells<string, readonly Slot[]>;
  readonly #users: Cells<string, number>;
  readonly #addresses: Cells<string, number>;

  constructor(logins: Logins) {
    this.#logins = logins;
    this.#slots = new Cells((key) => logins.get(key));
    this.#sessions = new Cells((id) => this.#slotsOf(id));
    this.#users = new Cells((user) => logins.countOf(user));
    this.#addresses = new Cells((address) => logins.countAt(address));
  }

  slot(address: Address, user: string): Slot {
    return this.slotOf([address, userKey(user)]);
  }

  slotOf(key: Member): Slot {
    return this.#slots.at(nameOf(key), key);
  }

  /** The slot of `stored`, which has been read in this transaction. */
  slotWith(stored: Stored): Slot {
    const key: Member = [stored.login.address, userKey(stored.login.user)];
    return this.#slots.of(nameOf(key), key, stored);
  }

  #slotsOf(session: string): readonly Slot[] {
    const members = this.#logins.withSession(session);
    if (members.length === 0) return NONE; // by far the commonest: a session that begins
    const slots = members.map((key) => this.slotOf(key));
    return slots.filter(({ now }) => now !== undefined && isOpen(now.sessions, session));
  }

  /** Puts `kept`, which ends at `endsAt`. */
  put(slot: Slot, { login, sessions }: Kept, endsAt: number): void {
    const dueAt = slot.now === undefined ? endsAt : Math.min(slot.now.dueAt, endsAt);
    this.#set(slot, { login, sessions, dueAt });
  }

  /** Leaves `stored` as it is until it is looked at again. */
  postpone(slot: Slot, { login, sessions }: Kept, dueAt: number): void {
    this.#set(slot, { login, sessions, dueAt });
  }

  remove(slot: Slot): void {
    this.#set(slot, undefined);
  }

  #set(slot: Slot, now: Stored | undefined): void {
    const before = slot.now;
    this.#moveSessions(slot, before?.sessions ?? NO_SESSIONS, now?.sessions ?? NO_SESSIONS); // while it is as before
    this.#slots.set(slot, now);
    if (before === undefined && now !== undefined) this.#count(slot.key, 1);
    if (before !== undefined && now === undefined) this.#count(slot.key, -1);
  }

  #count([address, user]: Member, difference: 1 | -1): void {
    addTo(this.#addresses, address, difference);
    addTo(this.#users, user, difference);
  }

  #moveSessions(slot: Slot, before: Sessions, now: Sessions): void {
    if (before.open === now.open) return;
    for (const { id } of before.open) if (!isOpen(now, id)) this.#setMembers(id, this.#others(slot, id));
    for (const { id } of now.open) if (!isOpen(before, id)) this.#setMembers(id, [...this.#others(slot, id), slot]);
  }

  #others(slot: Slot, session: string): readonly Slot[] {
    const slots = this.withSession(session);
    return slots.length === 0 ? slots : slots.filter((each) => each !== slot);
  }

  #setMembers(session: string, slots: readonly Slot[]): void {
    this.#sessions.set(this.#sessions.at(session, session), slots);
  }

  /** The logins, commonly one, that have the session of that id open. */
  withSession(id: string): readonly Slot[] {
    return this.#sessions.at(id, id).now;
  }

  /** How many users are kept at `address`. */
  countAt(address: Address): number {
    return this.#addresses.at(address, address).now;
  }

  /** How many addresses are kept of `user`. */
  countOf(user: string): number {
    const name = userKey(user);
    return this.#users.at(name, name).now;
  }

  /** Writes what has changed. */
  write(): void {
    this.#logins.write({
      logins: this.#slots.changes(),
      sessions: this.#sessions.changes().filter(({ before, now }) => before.length + now.length > 0),
      users: this.#users.changes(),
      addresses: this.#addresses.changes(),
    });
    for (const cells of [this.#slots, this.#sessions, this.#users, this.#addresses]) cells.settle();
  }
}

const NONE: readonly Slot[] = [];

function nameOf([address, user]: Member): string {
  return `${address} ${user}`;
}

function addTo(counts: Cells<string, number>, name: string, difference: 1 | -1): void {
  const cell = counts.at(name, name);
  counts.set(cell, Math.max(0, cell.now + difference));
}
