/**
 * Every option of relaypass.toml with its unit, range and default. An empty file is a whole configuration. The README's
 * reference and the example file are checked against this schema by the tests.
 */
import { hostname } from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { parseRedisUrl } from '../cluster/url.ts';
import { formatDuration, parseDuration } from './duration.ts';
import { isNetwork } from '../login/network.ts';
import { isStream, parseEndpoint } from '../server/endpoint.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** Milliseconds; 0 for `off`, where that is allowed. */
function duration(minMs: number, maxMs: number, off?: 'off') {
  return z.string().transform((text, context) => {
    if (off !== undefined && text === off) return 0;
    const ms = parseDuration(text);
    if (ms !== undefined && ms >= minMs && ms <= maxMs) return ms;
    const range = `${formatDuration(minMs)} to ${formatDuration(maxMs)}`;
    const orOff = off === undefined ? '' : `, or "${off}"`;
    context.addIssue(`expected a duration such as "30m", from ${range}${orOff}, found "${text}"`);
    return z.NEVER;
  });
}

const absolutePath = z.string().refine((text) => path.isAbsolute(text), { error: 'expected an absolute path' });
const network = z.string().refine(isNetwork, {
  error: ({ input }) => `expected an address or a network such as "192.0.2.0/24", found "${String(input)}"`,
});

const source = z.union([
  z.strictObject({
    /** A log file, absolute; the last part may hold `*`. */
    file: absolutePath,
  }),
  z.strictObject({
    /** Read the systemd journal through journalctl. */
    journal: z.literal(true),
  }),
  z.strictObject({
    /** Read lines from standard input. */
    stdin: z.literal(true),
  }),
]);

const map = z.strictObject({
  /** Whose key and value forms: see map/render.ts. */
  mta: z.enum(['sendmail', 'postfix', 'none']),
  /** What `makemap -l` or `postconf -m` lists; `text` and `cdb` are built without them. Default: the MTA's own. */
  type: z
    .string()
    .regex(/^[a-z][a-z0-9_-]*$/, 'expected a map type such as "hash"')
    .optional(),
  /** Other keys or values than the MTA's own, for a host that is wired for them already: see map/render.ts. */
  form: z.enum(['connect', 'poprelayd', 'pop-before-smtp']).optional(),
  /** Without the suffix (.db, .cdb) that the type adds. Default: `popauth` or `postfix` under `state_dir`. */
  path: absolutePath.optional(),
  /** The admin's own source, such as /etc/mail/access: only read, and its entries win over ours. */
  base: absolutePath.optional(),
});

const patterns = z.strictObject({
  /** Names of pattern files. Default: all that are not off by default. */
  use: z.array(z.string()).min(1).optional(),
  /** The admin's own pattern files; one of a shipped name replaces it. */
  dir: absolutePath.default('/etc/relaypass/patterns.d'),
  /** A pattern that cannot be used: refuse to start, or go on without it. */
  on_bad_pattern: z.enum(['refuse', 'skip']).default('refuse'),
});

const admission = z.strictObject({
  /** Networks that relay anyway: no entry is kept for them. */
  own_networks: z.array(network).default([]),
  /** Networks that never get an entry: webmail, proxies. */
  never_networks: z.array(network).default([]),
  /** Users whose logins grant nothing: `guest`, `@example.com` for a domain. */
  never_users: z.array(z.string().min(1)).default([]),
  /** A user's permitted addresses at a time, 1 to 10000: what a stolen password can open. */
  max_addresses_per_user: z.int().min(1).max(10_000).default(10),
  /** Users at one address at a time, 0 to 10000; 0 is no limit. */
  max_users_per_address: z.int().min(0).max(10_000).default(0),
  /** Entries at a time, 1 to 10000000. */
  max_entries: z.int().min(1).max(10_000_000).default(100_000),
  /** How long an open POP3 or IMAP session keeps its address permitted, 1m to 24h; `off`: only the grace counts. */
  max_session: duration(MINUTE_MS, DAY_MS, 'off').prefault('12h'),
  /** 64 lets the privacy addresses of a client's network share an entry. */
  ipv6_prefix: z.union([z.literal(128), z.literal(64)]).default(128),
});

const endpoint = z.string().transform((text, context) => {
  const parsed = parseEndpoint(text);
  if (parsed !== undefined) return parsed;
  context.addIssue(
    `expected "unix:/PATH" or a loopback address and port such as "inet:127.0.0.1:9001", found "${text}"`,
  );
  return z.NEVER;
});
const streamEndpoint = endpoint.transform((parsed, context) => {
  if (isStream(parsed)) return parsed;
  context.addIssue('expected "unix:/PATH" or "inet:ADDRESS:PORT": only whoson answers over UDP');
  return z.NEVER;
});

const lookup = z.discriminatedUnion('protocol', [
  z.strictObject({
    /** What the MTA speaks: docs/lookups.md has its side. */
    protocol: z.enum(['socketmap', 'policy']),
    /** `unix:/PATH`, or a loopback address and port. */
    listen: streamEndpoint,
    /** Relay only for senders of the user who logged in there: `user` the whole address, `domain` what is behind `@`. */
    bind_sender: z.enum(['off', 'domain', 'user']).default('off'),
    /** Senders of each login name, where the name is not the sender. */
    sender_map: absolutePath.optional(),
  }),
  z.strictObject({ protocol: z.literal('tcp'), listen: streamEndpoint }),
  z.strictObject({
    protocol: z.literal('whoson'),
    /** The same, or UDP. */
    listen: endpoint,
    /** Who may tell of logins: loopback addresses and networks, `unix` for the clients of a unix socket. */
    allow: z.array(z.union([z.literal('unix'), network])).default([]),
  }),
]);

/** Sharing entries with other hosts; docs/cluster.md. Without this table nothing of it is loaded. */
const cluster = z.strictObject({
  /** Where Redis or Valkey is: `rediss://HOST`, `unix:/PATH`, Sentinels, a Redis Cluster; see cluster/url.ts. */
  url: z.string().transform((text, context) => {
    const redis = parseRedisUrl(text);
    if (redis !== undefined) return redis;
    context.addIssue(
      'expected "rediss://[USER@]HOST[:PORT]", "redis+sentinel://HOST,HOST/MASTER", "redis+cluster://HOST,HOST" or "unix:/PATH", without a password, which password_file is for',
    );
    return z.NEVER;
  }),
  /** What the keys begin with: nodes of one namespace share their entries. */
  namespace: z
    .string()
    .regex(/^[\w.-]{1,64}$/, 'expected letters, digits, ".", "_" or "-"')
    .default('relaypass'),
  /** How this host is called in `list` on the others. Default: its host name. */
  node: z
    .string()
    .regex(/^[\w.:-]{1,255}$/, 'expected a host name')
    .default(() => hostname()),
  /** Holds the password alone. Default: the systemd credential `redis-password`, else none is sent. */
  password_file: absolutePath.optional(),
  /** Certificates of the authority that `rediss` servers are checked against. Default: the well-known ones. */
  ca_file: absolutePath.optional(),
  /** How long what other hosts saw goes on permitting while Redis is out of reach, 10s to 24h. Default: its grace. */
  max_stale: duration(10_000, DAY_MS).optional(),
});

export const configSchema = z.strictObject({
  /** How long after its last login an address may relay: 1m to 24h. */
  grace: duration(MINUTE_MS, DAY_MS).prefault('30m'),
  /** Holds the store and, by default, the maps; its owner is whom every command acts as. */
  state_dir: absolutePath.default('/var/lib/relaypass'),
  source: z.array(source).min(1).optional(),
  patterns: patterns.prefault({}),
  map: z.array(map).min(1).optional(),
  admission: admission.prefault({}),
  lookup: z.array(lookup).default([]),
  cluster: cluster.optional(),
});

/** The configuration as checked; names as in the file, durations in milliseconds. */
export type Config = z.output<typeof configSchema>;
export type SourceConfig = z.output<typeof source>;
export type MapConfig = z.output<typeof map>;
export type LookupConfig = z.output<typeof lookup>;
export type AdmissionConfig = Config['admission'];
export type ClusterConfig = z.output<typeof cluster>;
