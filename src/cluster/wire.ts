/**
 * The form in which nodes share a login:
 *
 *     member  "ADDRESS USER": see memberOf of store/tombstones.ts
 *     record  [node, user, service, held, ...evidence], JSON; evidence as in store/record.ts. A session of it was open
 *             `held` ms after AT: the login is as old as it is, and a purge after AT takes it, however late that is told
 *     value   "AT ENDS RECORD", times in ms of the server
 *
 * Whoever may write to the server may write anything: what does not decode permits nothing, and what does is admitted
 * by this host's own rules.
 */
import * as z from 'zod';
import { parseAddress, withPrefix, type Address } from '../login/address.ts';
import type { SharedClaim } from '../login/admission.ts';
import type { Login } from '../login/login.ts';
import { decodeEvidence, encodeEvidence, userKey } from '../store/record.ts';
import { addressMark, memberOf } from '../store/tombstones.ts';

/** A login as the nodes share it, in the server's time; not yet admitted. */
export interface Shared {
  readonly claim: SharedClaim;
  readonly at: number;
  readonly endsAt: number;
  /** How long after `at` a session of it was open, ms; 0 of most. */
  readonly heldMs: number;
}

/** The script's arguments that have it look at a member again. */
export function forgetNews(member: string): string[] {
  const { address } = splitMember(member);
  return ['forget', member, address === undefined ? 'n' : addressMark(address)];
}

/**
 * `login` as other nodes are to count it, who know nothing of its sessions: its grace begins when the last one ended, or
 * `now` where one is open.
 */
export function withoutSessions(login: Login, graceMs: number, now: number): Login {
  if (login.evidence.by === 'admin') return login;
  const expiresAt = Math.min(login.expiresAt, now + graceMs);
  const openAt = Math.max(login.openAt ?? login.at, expiresAt - graceMs);
  return { ...login, expiresAt, ...(openAt > login.at && { openAt }) };
}

/** The script's arguments that tell of `login` at `now` of this host's clock. */
export function loginNews(login: Login, ownNode: string, now: number): string[] {
  const ageMs = Math.max(0, Math.ceil(now - login.at));
  const lifeMs = login.expiresAt - login.at;
  return ['login', `${ageMs}`, `${lifeMs}`, memberOf(login), addressMark(login.address), encode(login, ownNode)];
}

/** The script's arguments that tell of a purge made at `at`. */
export function purgeNews(mark: string, at: number, now: number): string[] {
  return ['purge', `${Math.max(0, Math.floor(now - at))}`, mark];
}

function encode({ node, user, service, at, openAt = at, evidence }: Login, ownNode: string): string {
  return JSON.stringify([node ?? ownNode, user, service, openAt - at, ...encodeEvidence(evidence)]);
}

const recordSchema = z.tuple(
  [z.string().max(255), z.string(), z.string().max(64), z.int().min(0)],
  z.string().max(2048),
);

/** What `member` and `value` tell, undefined where they are damaged or do not fit each other. */
export function decodeShared(member: string, value: string): Shared | undefined {
  const [, at, endsAt, json = ''] = VALUE.exec(value) ?? [];
  const parsed = recordSchema.safeParse(jsonOf(json));
  if (at === undefined || endsAt === undefined || !parsed.success) return undefined;
  const [node, user, service, heldMs, ...why] = parsed.data;
  const [, address, folded] = MEMBER.exec(member) ?? [];
  const evidence = decodeEvidence(why);
  if (address === undefined || folded !== userKey(user) || evidence === undefined) return undefined;
  const claim = { address, user, service, evidence, node };
  return { claim, at: Number(at), endsAt: Number(endsAt), heldMs };
}

/** The address of the entry and the folded user in a member. */
export function splitMember(member: string): { readonly address: Address | undefined; readonly user: string } {
  const [, text = '', user = ''] = MEMBER.exec(member) ?? [];
  const parsed = parseAddress(text.replace(/\/64$/, ''));
  if (!parsed.ok) return { address: undefined, user };
  return { address: withPrefix(parsed.address, text.endsWith('/64') ? 64 : 128), user };
}

const VALUE = /^(\d{1,15}) (\d{1,15}) (.*)$/s;
const MEMBER = /^(\S+) (.+)$/s;

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
