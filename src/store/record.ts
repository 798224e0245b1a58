/**
 * The one definition of what the store keeps of a login, for the daemon and every command.
 *
 * A record is a JSON array, in this order (what is anything else permits nothing):
 *
 *     user      as logged
 *     service   imap, pop3, ..., grant
 *     at        when, epoch ms
 *     lifeMs    how long it permits from `at` on without sessions, 1 ms to 24 h
 *     dueAt     where the time index has it, epoch ms: at or before its end
 *     session   id or null
 *     sessions  [leftAt, id, openedAt, id, openedAt, ...] of {@link Sessions}
 *     from      "from", node: only for what another node of the cluster saw; openAt, epoch ms, where it has told that
 *               a session was open after `at`
 *     evidence  "log", source, pattern, line   or   "whoson", client   or   "admin", name
 *
 * Its key is [address, user folded by {@link userKey}].
 */
import type { Address } from '../login/address.ts';
import type { Evidence, Login } from '../login/login.ts';
import type { Key } from './lmdb.ts';
import { countOpen, endOfSessions, NO_SESSIONS, notAhead, type SessionLimits, type Sessions } from './sessions.ts';

/** A login as it was admitted, and its user's sessions at its address. */
export interface Kept {
  readonly login: Login;
  readonly sessions: Sessions;
}

/** What is kept, and its place in the time index. */
export interface Stored extends Kept {
  /** May be early, never late: a refresh leaves it, and what is due is looked at again. */
  readonly dueAt: number;
}

/** The longest that any login can permit, whatever a record says: the greatest grace there is. */
export const MAX_LIFE_MS = 86_400_000;

/** Users are told apart without regard to case, so that `Bob` and `bob` share the caps of one. */
export function userKey(user: string): string {
  return user.toLowerCase();
}

/** The value of a record. */
export function encodeLogin({ login, sessions, dueAt }: Stored): unknown {
  const { user, service, at, expiresAt, session, node, openAt, evidence } = login;
  const fields: unknown[] = [user, service, at, expiresAt - at, dueAt, session ?? null, encodeSessions(sessions)];
  if (node !== undefined) fields.push('from', node);
  if (node !== undefined && openAt !== undefined) fields.push(openAt);
  for (const text of encodeEvidence(evidence)) fields.push(text);
  return fields;
}

function encodeSessions({ open, leftAt }: Sessions): unknown {
  const fields: unknown[] = [leftAt];
  for (const { id, openedAt } of open) fields.push(id, openedAt);
  return fields;
}

/** Why a login is believed, as texts. */
export function encodeEvidence(evidence: Evidence): string[] {
  if (evidence.by === 'admin') return ['admin', evidence.name];
  if (evidence.by === 'whoson') return ['whoson', evidence.client];
  return ['log', evidence.source, evidence.pattern, evidence.line];
}

/** The login that a record holds, undefined where it is damaged. */
export function decodeLogin([address]: Key, fields: unknown): Stored | undefined {
  if (!isText(address) || !isArray(fields)) return undefined;
  const [user, service, at, lifeMs, dueAt, session] = fields;
  if (!isText(user) || !isText(service) || (session !== null && !isText(session))) return undefined;
  if (!isPositive(at) || !isPositive(lifeMs) || !isPositive(dueAt) || lifeMs > MAX_LIFE_MS) return undefined;
  const sessions = decodeSessions(fields[6]);
  const [node, openAt] = fields[7] === 'from' && isText(fields[8]) ? [fields[8], fields[9]] : [];
  const isOpen = isPositive(openAt);
  const evidence = decodeEvidence(fields, node === undefined ? 7 : isOpen ? 10 : 9);
  if (sessions === undefined || evidence === undefined) return undefined;
  const login = {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- an Address was put, the seal covers the key
    address: address as Address,
    user,
    service,
    at,
    expiresAt: at + lifeMs,
    session: session ?? undefined,
    evidence,
  };
  if (node === undefined) return { login, sessions, dueAt };
  return { login: isOpen ? { ...login, node, openAt } : { ...login, node }, sessions, dueAt };
}

function decodeSessions(fields: unknown): Sessions | undefined {
  if (!isArray(fields)) return undefined;
  const [leftAt] = fields;
  if (leftAt === 0 && fields.length === 1) return NO_SESSIONS;
  const open = [];
  for (let index = 1; index < fields.length; index += 2) {
    const id = fields[index];
    const openedAt = fields[index + 1];
    if (!isText(id) || !isPositive(openedAt)) return undefined;
    open.push({ id, openedAt });
  }
  return leftAt === 0 || isPositive(leftAt) ? { open, leftAt } : undefined;
}

/** The reverse of {@link encodeEvidence} from `start` on, undefined where the texts there are none of its. */
export function decodeEvidence(texts: readonly unknown[], start = 0): Evidence | undefined {
  const by = texts[start];
  const first = texts[start + 1];
  if (!isText(first)) return undefined;
  if (by === 'admin') return { by, name: first };
  if (by === 'whoson') return { by, client: first };
  const pattern = texts[start + 2];
  const line = texts[start + 3];
  return by === 'log' && isText(pattern) && isText(line) ? { by, source: first, pattern, line } : undefined;
}

function isArray(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isPositive(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0;
}

/**
 * `kept` with no stamp ahead of `now`, so that a clock which was set back lengthens nothing, and its login cut to the
 * grace, an admin's grant to a day; the same object where that changes nothing.
 */
export function clipped(kept: Kept, now: number, limits: SessionLimits): Kept {
  const login = clippedLogin(kept.login, now, limits.graceMs);
  const sessions = notAhead(kept.sessions, now);
  return login === kept.login && sessions === kept.sessions ? kept : { login, sessions };
}

/** The same for a login alone. */
export function clippedLogin(login: Login, now: number, graceMs: number): Login {
  const at = Math.min(login.at, now);
  const from = login.openAt ?? login.at;
  const maxLifeMs = login.evidence.by === 'admin' ? MAX_LIFE_MS : graceMs;
  const expiresAt = Math.min(from, now) + Math.min(login.expiresAt - from, maxLifeMs);
  if (from <= now && expiresAt === login.expiresAt) return login;
  return { ...login, at, expiresAt, ...(login.openAt !== undefined && { openAt: Math.min(from, now) }) };
}

/** Until when `kept` permits as it counts at `now`, epoch milliseconds. */
export function endOf(kept: Kept, now: number, limits: SessionLimits): number {
  const { login, sessions } = clipped(kept, now, limits);
  return sessions === NO_SESSIONS ? login.expiresAt : Math.max(login.expiresAt, endOfSessions(sessions, limits));
}

/** The login as it counts at `now`, and who looks at the store sees it: with what its sessions add. */
export function counted(kept: Kept, now: number, limits: SessionLimits): Login {
  const { login, sessions } = clipped(kept, now, limits);
  if (sessions === NO_SESSIONS) return login;
  const expiresAt = endOf({ login, sessions }, now, limits);
  const openSessions = countOpen(sessions, now, limits);
  return openSessions > 0 ? { ...login, expiresAt, openSessions } : { ...login, expiresAt };
}
