/**
 * Decides whether a login that a pattern found may permit its address to relay. Pure: the caller says what time it is.
 * The caps on users and addresses need the other entries, so the store enforces them.
 */
import type { AdmissionConfig } from '../config/schema.ts';
import type { Match } from '../pattern/match.ts';
import { parseAddress, rangeOf, withPrefix, type AddressRefusal, type Range } from './address.ts';
import { BITS, parseIp, type Ip } from './ip.ts';
import type { Evidence, Login } from './login.ts';
import { NetworkSet, parseNetwork } from './network.ts';

/** Why a login permits nothing. */
export type Refusal =
  | AddressRefusal
  | 'logout'
  | 'bad-time'
  | 'bad-user'
  | 'server-address'
  | 'own-network'
  | 'never-network'
  | 'never-user'
  | 'stale';

/** Each {@link Refusal} as a sentence for the admin. */
export const REFUSALS: Readonly<Record<Refusal, string>> = {
  logout: 'the line tells of a logout',
  'not-an-address': 'what is named as the address is no single IP address',
  zone: 'the address has a zone, so it means nothing beyond one network link',
  'link-local': 'a link-local address identifies no client without its zone, which no log tells',
  unspecified: 'the address is the unspecified one',
  loopback: 'the address is loopback: the login came from this host or through a local proxy',
  multicast: 'the address is a multicast one',
  reserved: 'the address is in a range that no client can have',
  'bad-time': 'the line has no usable time stamp',
  'bad-user': 'the user name is empty, longer than 255 characters or has control characters',
  'server-address': "the address is the server's own: the login came from it or through a proxy",
  'own-network': 'the address is in own_networks, which relay anyway: it needs no entry',
  'never-network': 'the address is in never_networks',
  'never-user': 'the user is in never_users',
  stale: 'the login is older than the grace',
};

export type Admission = { readonly admitted: Login } | Refused;

export interface Refused {
  readonly refused: Refusal;
  /** What the rule was about: the address as written, the network it is in, the user; untrusted text. */
  readonly detail: string;
}

/** The configured rules, ready to be asked for every login. */
export interface AdmissionRules {
  readonly graceMs: number;
  readonly ownNetworks: NetworkSet;
  readonly neverNetworks: NetworkSet;
  readonly neverUsers: ReadonlySet<string>;
  readonly ipv6Prefix: 64 | 128;
}

export function admissionRules(config: AdmissionConfig, graceMs: number): AdmissionRules {
  return {
    graceMs,
    ownNetworks: networkSet(config.own_networks),
    neverNetworks: networkSet(config.never_networks),
    neverUsers: new Set(config.never_users.map((user) => user.toLowerCase())),
    ipv6Prefix: config.ipv6_prefix,
  };
}

function networkSet(texts: readonly string[]): NetworkSet {
  return new NetworkSet(
    texts.map((text) => {
      const network = parseNetwork(text);
      if (network === undefined) throw new TypeError(`not a network: ${text}`); // the schema lets none pass
      return network;
    }),
  );
}

/**
 * The login that `match` shows, or why it permits nothing. A line's stamp is believed where it is older than `now`
 * (a logger may have held it back) and counts as now where it is younger.
 */
export function admit(match: Match, rules: AdmissionRules, now: number): Admission {
  if (match.kind !== 'login') return { refused: 'logout', detail: match.user };
  if (!Number.isSafeInteger(match.at) || match.at <= 0) return { refused: 'bad-time', detail: String(match.at) };
  const { source, pattern } = match;
  return admitClaim(match, rules, now, { by: 'log', source, pattern, line: match.line.slice(0, MAX_EVIDENCE_CHARS) });
}

const MAX_EVIDENCE_CHARS = 1024; // a login line has about 200, and the store keeps one for each login

/** An admin's wish to permit an address for `graceMs`. */
export interface Grant {
  readonly address: string;
  readonly user: string;
  /** Who granted it, for `show`. */
  readonly name: string;
  readonly graceMs: number;
}

/** The login that an admin's grant counts as, or why not even an admin can permit that address. */
export function admitGrant({ address, user, name, graceMs }: Grant, rules: AdmissionRules, now: number): Admission {
  const claim = { address, user, service: 'grant', session: undefined, serverAddress: undefined, at: now };
  return admitClaim(claim, { ...rules, graceMs }, now, { by: 'admin', name });
}

/** What a client of the whoson protocol tells. */
export interface Report {
  readonly address: string;
  readonly user: string;
  /** Who tells it, for `show`. */
  readonly client: string;
}

/** The login that a whoson client's word counts as, or why it permits nothing. */
export function admitReport({ address, user, client }: Report, rules: AdmissionRules, now: number): Admission {
  const claim = { address, user, service: 'whoson', session: undefined, serverAddress: undefined, at: now };
  return admitClaim(claim, rules, now, { by: 'whoson', client });
}

/** What another node of the cluster tells. */
export type SharedClaim = Pick<Login, 'user' | 'service' | 'evidence'> & {
  /** As written; with `/64` a network, which counts only where `ipv6_prefix` is 64 here too. */
  readonly address: string;
  readonly node: string;
};

/** The login that another node's word counts as, or why it permits nothing here: it is held to this host's rules. */
export function admitShared(
  claim: SharedClaim,
  at: number,
  lifeMs: number,
  rules: AdmissionRules,
  now: number,
): Admission {
  const address = rules.ipv6Prefix === 64 ? claim.address.replace(/\/64$/, '') : claim.address;
  const held = { ...rules, graceMs: lifeMs };
  const told = { ...claim, address, at, session: undefined, serverAddress: undefined }; // its logout is not seen here
  const admission = admitClaim(told, held, now, claim.evidence);
  if ('refused' in admission) return admission;
  return { admitted: { ...admission.admitted, node: claim.node } };
}

/** Why `rules`, which may have changed since they admitted `login`, bar it now; undefined where they do not. */
export function barredNow(
  { address, user }: Pick<Login, 'address' | 'user'>,
  rules: AdmissionRules,
): Refused | undefined {
  const range = rangeOf(address);
  return refusalByNetwork(range, range, rules) ?? refusalByUser(user, rules);
}

type Claim = Pick<Match, 'address' | 'serverAddress' | 'user' | 'service' | 'session' | 'at'>;

function admitClaim(claim: Claim, rules: AdmissionRules, now: number, evidence: Evidence): Admission {
  const { user, service, session } = claim;
  const parsed = parseAddress(claim.address);
  if (!parsed.ok) return { refused: parsed.reason, detail: claim.address };
  if (cameThroughServer(parsed.ip, claim.serverAddress)) return { refused: 'server-address', detail: claim.address };
  const address = withPrefix(parsed.address, rules.ipv6Prefix);
  const client = { ip: parsed.ip, prefix: BITS[parsed.ip.family] };
  const entry = { ...client, prefix: parsed.ip.family === 6 ? rules.ipv6Prefix : BITS[4] };
  const refusal = refusalByNetwork(client, entry, rules) ?? refusalByUser(user, rules);
  if (refusal !== undefined) return refusal;
  const at = Math.min(claim.at, now);
  const expiresAt = at + rules.graceMs;
  if (expiresAt <= now) return { refused: 'stale', detail: new Date(at).toISOString() };
  return { admitted: { address, user, service, at, expiresAt, session, evidence } };
}

/** True also where the server's address cannot be read: it might be the client's. */
function cameThroughServer(client: Ip, serverAddress: string | undefined): boolean {
  if (serverAddress === undefined) return false;
  const server = parseIp(serverAddress);
  return server === undefined || server.bits === client.bits; // a number is never a bigint
}

/** Nobody else of a client's /64 may get in with it who must never; what is own of a /64 takes it from no other of it. */
function refusalByNetwork(client: Range, entry: Range, rules: AdmissionRules): Refused | undefined {
  const own = rules.ownNetworks.find(client);
  if (own !== undefined && own.prefix <= client.prefix) return { refused: 'own-network', detail: own.text };
  const never = rules.neverNetworks.find(entry);
  return never && { refused: 'never-network', detail: never.text };
}

function refusalByUser(user: string, { neverUsers }: AdmissionRules): Refused | undefined {
  if (user === '' || user.length > MAX_USER_CHARS || UNPRINTABLE.test(user))
    return { refused: 'bad-user', detail: user };
  const name = user.toLowerCase();
  const domain = name.includes('@') ? name.slice(name.lastIndexOf('@')) : undefined;
  const listed = neverUsers.has(name) || (domain !== undefined && neverUsers.has(domain));
  return listed ? { refused: 'never-user', detail: user } : undefined;
}

const MAX_USER_CHARS = 255; // RFC 5321 4.5.3.1 allows an address of 254
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u; // \p{Cs} is a lone surrogate
