/**
 * The sessions of one user at one address, where the server logs their ends: while one is open the login lasts, though
 * no longer than `max_session` from the session's opening, and the grace counts from the last logout.
 *
 * Limits: of the sessions that are open at once the newest {@link MAX_OPEN} are known; an older one no longer counts.
 */

/** A session whose logout has not been seen. */
interface OpenSession {
  /** The server's own. */
  readonly id: string;
  /** When its login was, epoch milliseconds. */
  readonly openedAt: number;
}

export interface Sessions {
  /** Oldest first. */
  readonly open: readonly OpenSession[];
  /** The last logout, epoch milliseconds; 0 before the first. */
  readonly leftAt: number;
}

/** What bounds sessions; 0 as `maxSessionMs` is not to follow them. */
export interface SessionLimits {
  readonly graceMs: number;
  readonly maxSessionMs: number;
}

export const NO_SESSIONS: Sessions = { open: [], leftAt: 0 };

const MAX_OPEN = 20; // Dovecot lets a user have 10 at an address over IMAP, and 10 over POP3
const MAX_ID_CHARS = 128; // Dovecot's has 16, Courier's 70; LMDB's keys are bounded

/** Whether a session of that id can be followed. */
export function isFollowable(id: string | undefined): id is string {
  return id !== undefined && id !== '' && id.length <= MAX_ID_CHARS;
}

export function isOpen({ open }: Sessions, id: string): boolean {
  return open.some((session) => session.id === id);
}

/** With the session `id` open since `openedAt`; the same object where that is known. */
export function withOpened(sessions: Sessions, id: string, openedAt: number): Sessions {
  const { open, leftAt } = sessions;
  if (open.length === 0) return { open: [{ id, openedAt }], leftAt }; // by far the commonest
  if (open.some((each) => each.id === id && each.openedAt >= openedAt)) return sessions;
  const all = [...open.filter((each) => each.id !== id), { id, openedAt }];
  return { leftAt, open: all.toSorted((a, b) => a.openedAt - b.openedAt).slice(-MAX_OPEN) };
}

/**
 * Without the session `id`, which ended at `at`, 0 where nobody knows when. Whoever may have written that line, it lengthens nothing; what was opened
 * later is another session, since Courier's ids come again.
 */
export function withEnded(sessions: Sessions, id: string, at: number, limits: SessionLimits): Sessions {
  const ended = sessions.open.find((each) => each.id === id && (at === 0 || each.openedAt <= at));
  if (ended === undefined) return sessions;
  const open = sessions.open.filter((each) => each !== ended);
  const latest = ended.openedAt + limits.maxSessionMs - limits.graceMs;
  return { open, leftAt: Math.max(sessions.leftAt, Math.min(at, latest)) };
}

/** `sessions` with no stamp ahead of `now`; the same object where none is. */
export function notAhead(sessions: Sessions, now: number): Sessions {
  const { open, leftAt } = sessions;
  if (leftAt <= now && open.every(({ openedAt }) => openedAt <= now)) return sessions;
  return {
    open: open.map(({ id, openedAt }) => ({ id, openedAt: Math.min(openedAt, now) })),
    leftAt: Math.min(leftAt, now),
  };
}

/** Until when they permit, epoch milliseconds. */
export function endOfSessions({ open, leftAt }: Sessions, { graceMs, maxSessionMs }: SessionLimits): number {
  if (maxSessionMs === 0) return 0;
  return open.reduce((latest, { openedAt }) => Math.max(latest, openedAt + maxSessionMs), leftAt + graceMs);
}

/** How many are open at `now`. */
export function countOpen({ open }: Sessions, now: number, { maxSessionMs }: SessionLimits): number {
  return open.filter(({ openedAt }) => openedAt + maxSessionMs > now).length;
}

/**
 * The sessions that ended lately. A server's processes log side by side, so the line of a logout may come before its
 * login's; without this the session would count as open until its bound.
 *
 * Limits: it knows the last {@link MIN_ENDED} or more, up to twice as many, and not those from before a restart.
 */
export class EndedSessions {
  #endedAt = new Map<string, number>();
  /** Those before: forgotten all at once, since to take the oldest out of a map time and again makes it slow. */
  #before = this.#endedAt;

  add(id: string, at: number): void {
    if (this.#endedAt.size >= MIN_ENDED) {
      this.#before = this.#endedAt;
      this.#endedAt = new Map();
    }
    this.#endedAt.set(id, at);
  }

  /** Whether the session `id` that a login opened at `openedAt` has ended; Courier's ids come again. */
  has(id: string, openedAt: number): boolean {
    return (this.#endedAt.get(id) ?? this.#before.get(id) ?? -Infinity) >= openedAt;
  }
}

const MIN_ENDED = 1000; // some seconds of the busiest server
