/**
 * Every option of relaypass.toml with its unit, range and default. An empty file is a whole configuration.
 * relaypass.toml(5) is made from it; the README's reference and the example file are checked against it by the tests.
 */
import { hostname } from 'node:os';
import path from 'node:path';
import * as z from 'zod';
import { parseRedisUrl } from '../cluster/url.ts';
import { shown } from './complaint.ts';
import { formatDuration, parseDuration } from './duration.ts';
import { isNetwork } from '../login/network.ts';
import { isStream, parseEndpoint } from '../server/endpoint.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** Milliseconds; 0 for `off`, where that is allowed. */
function duration(minMs: number, maxMs: number, off?: 'off') {
  const complaint = (input: unknown) => {
    const range = `${formatDuration(minMs)} to ${formatDuration(maxMs)}`;
    const orOff = off === undefined ? '' : `, or "${off}"`;
    return `expected a duration such as "30m", from ${range}${orOff}, found ${shown(input)}${unitsFor(input)}`;
  };
  return z.string({ error: ({ input }) => complaint(input) }).transform((text, context) => {
    if (off !== undefined && text === off) return 0;
    const ms = parseDuration(text);
    if (ms !== undefined && ms >= minMs && ms <= maxMs) return ms;
    context.addIssue(complaint(text));
    return z.NEVER;
  });
}

function unitsFor(input: unknown): string {
  const isUnitless = (typeof input === 'number' || typeof input === 'string') && /^\d+$/.test(String(input));
  return isUnitless ? `; write "${input}m" for minutes, "${input}s" for seconds` : '';
}

const absolutePath = z.string().refine((text) => path.isAbsolute(text) && !text.includes('\0'), {
  error: ({ input }) => `expected an absolute path such as "/var/log/mail.log", found ${shown(input)}`,
});
const network = z.string().refine(isNetwork, {
  error: ({ input }) => `expected an address or a network such as "192.0.2.0/24", found "${String(input)}"`,
});

const source = z.union(
  [
    z.strictObject({
      file: absolutePath
        .refine((text) => !path.dirname(text).includes('*'), {
          error: 'expected `*` in the last part of the path alone',
        })
        .describe('A log file, absolute; the last part may hold `*`.'),
    }),
    z.strictObject({
      journal: z.literal(true).describe('Read the systemd journal through journalctl.'),
    }),
    z.strictObject({
      stdin: z.literal(true).describe('Read lines from standard input.'),
    }),
  ],
  { error: 'expected `file = "/PATH"`, `journal = true` or `stdin = true`, and nothing else' },
);

const map = z.strictObject({
  mta: z.enum(['sendmail', 'postfix', 'none']).describe('Whose key and value forms.'),
  type: z
    .string()
    .regex(/^[a-z][a-z0-9_-]*$/, 'expected a map type such as "hash"')
    .optional()
    .describe(
      "What `makemap -l` or `postconf -m` lists; `text` and `cdb` are built without them. Default: the MTA's own.",
    ),
  form: z
    .enum(['connect', 'poprelayd', 'pop-before-smtp'])
    .optional()
    .describe("Other keys or values than the MTA's own, for a host that is wired for them already."),
  path: absolutePath
    .optional()
    .describe('Without the suffix (.db, .cdb) that the type adds. Default: `popauth` or `postfix` under `state_dir`.'),
  base: absolutePath
    .optional()
    .describe("The admin's own source, such as /etc/mail/access: only read, and its entries win over ours."),
  native: z
    .boolean()
    .optional()
    .describe("`false`: only the MTA's own tools write the map, none of it relaypass itself. Default: true."),
});

const patterns = z.strictObject({
  use: z
    .array(z.string())
    .min(1)
    .optional()
    .describe('Names of pattern files. Default: all that are not off by default.'),
  dir: absolutePath
    .default('/etc/relaypass/patterns.d')
    .describe("The admin's own pattern files; one of a shipped name replaces it."),
  on_bad_pattern: z
    .enum(['refuse', 'skip'])
    .default('refuse')
    .describe('A pattern that cannot be used: refuse to start, or go on without it.'),
});

const admission = z.strictObject({
  own_networks: z.array(network).default([]).describe('Networks that relay anyway: no entry is kept for them.'),
  never_networks: z.array(network).default([]).describe('Networks that never get an entry: webmail, proxies.'),
  never_users: z
    .array(z.string().min(1))
    .default([])
    .describe('Users whose logins grant nothing: `guest`, `@example.com` for a domain.'),
  max_addresses_per_user: z
    .int()
    .min(1)
    .max(10_000)
    .default(10)
    .describe("A user's permitted addresses at a time, 1 to 10000: what a stolen password can open."),
  max_users_per_address: z
    .int()
    .min(0)
    .max(10_000)
    .default(0)
    .describe('Users at one address at a time, 0 to 10000; 0 is no limit.'),
  max_entries: z.int().min(1).max(10_000_000).default(100_000).describe('Entries at a time, 1 to 10000000.'),
  max_session: duration(MINUTE_MS, DAY_MS, 'off')
    .prefault('12h')
    .describe(
      'How long an open POP3 or IMAP session keeps its address permitted, 1m to 24h; `off`: only the grace counts.',
    ),
  ipv6_prefix: z
    .union([z.literal(128), z.literal(64)], { error: 'expected 128 or 64' })
    .default(128)
    .describe("64 lets the privacy addresses of a client's network share an entry."),
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
    protocol: z.enum(['socketmap', 'policy']).describe('What the MTA speaks: docs/lookups.md has its side.'),
    listen: streamEndpoint.describe(
      '`unix:/PATH`, or a loopback address and port such as `inet:127.0.0.1:9001`; for whoson also `udp:`.',
    ),
    bind_sender: z
      .enum(['off', 'domain', 'user'])
      .default('off')
      .describe(
        'Relay only for senders of the user who logged in there: `user` the whole address, `domain` what is behind `@`.',
      ),
    sender_map: absolutePath.optional().describe('Senders of each login name, where the name is not the sender.'),
  }),
  z.strictObject({ protocol: z.literal('tcp'), listen: streamEndpoint }),
  z.strictObject({
    protocol: z.literal('whoson'),
    listen: endpoint,
    allow: z
      .array(
        z.union([z.literal('unix'), network], {
          error: ({ input }) => `expected "unix" or a network such as "127.0.0.1", found ${shown(input)}`,
        }),
      )
      .default([])
      .describe('Who may tell of logins: loopback addresses and networks, `unix` for the clients of a unix socket.'),
  }),
]);

const cluster = z.strictObject({
  url: z
    .string()
    .transform((text, context) => {
      const redis = parseRedisUrl(text);
      if (redis !== undefined) return redis;
      context.addIssue(
        'expected "rediss://[USER@]HOST[:PORT]", "redis+sentinel://HOST,HOST/MASTER", "redis+cluster://HOST,HOST" or "unix:/PATH", without a password, which password_file is for',
      );
      return z.NEVER;
    })
    .describe('Where Redis or Valkey is: `rediss://HOST`, `unix:/PATH`, Sentinels, a Redis Cluster.'),
  namespace: z
    .string()
    .regex(/^[\w.-]{1,64}$/, 'expected letters, digits, ".", "_" or "-"')
    .default('relaypass')
    .describe('What the keys begin with: nodes of one namespace share their entries.'),
  node: z
    .string()
    .regex(/^[\w.:-]{1,255}$/, 'expected a host name')
    .default(() => hostname())
    .describe('How this host is called in `list` on the others. Default: its host name.'),
  password_file: absolutePath
    .optional()
    .describe('Holds the password alone. Default: the systemd credential `redis-password`, else none is sent.'),
  ca_file: absolutePath
    .optional()
    .describe('Certificates of the authority that `rediss` servers are checked against. Default: the well-known ones.'),
  max_stale: duration(10_000, DAY_MS)
    .optional()
    .describe(
      'How long what other hosts saw goes on permitting while Redis is out of reach, 10s to 24h. Default: its grace.',
    ),
});

const metrics = z
  .strictObject({
    listen: streamEndpoint
      .optional()
      .describe(
        'Where `GET /metrics` is answered: `unix:/PATH`, or a loopback address and port such as `inet:127.0.0.1:9725`.',
      ),
    textfile: absolutePath
      .refine((text) => text.endsWith('.prom'), { error: 'expected a name that ends in ".prom", or nobody reads it' })
      .optional()
      .describe("A file in the folder of node_exporter's textfile collector, written anew every 15 seconds."),
  })
  .refine(({ listen, textfile }) => listen !== undefined || textfile !== undefined, {
    error: 'expected "listen", "textfile" or both',
  });

export const configSchema = z.strictObject({
  grace: duration(MINUTE_MS, DAY_MS)
    .prefault('30m')
    .describe('How long after its last login an address may relay: 1m to 24h.'),
  state_dir: absolutePath
    .default('/var/lib/relaypass')
    .describe('Holds the store and, by default, the maps; its owner is whom every command acts as.'),
  source: z
    .array(source)
    .min(1)
    .refine((sources) => new Set(sources.map((each) => JSON.stringify(each))).size === sources.length, {
      error: 'the same source twice',
    })
    .optional()
    .describe('Where logins are read from. Default: what the host has of the mail log and the journal.'),
  patterns: patterns.prefault({}).describe('How login lines look; see relaypass-patterns(5).'),
  map: z
    .array(map)
    .min(1)
    .optional()
    .describe('The maps to keep. Default: one for each MTA whose map builder is on the host.'),
  admission: admission.prefault({}).describe('Whose logins count.'),
  lookup: z.array(lookup).default([]).describe('Live answers for an MTA that asks. Default: listen on nothing.'),
  cluster: cluster.optional().describe('Shares entries with other hosts. Default: nothing of it is loaded.'),
  metrics: metrics.optional().describe('Tells Prometheus how it does. Default: nothing of it is loaded.'),
});

/** The configuration as checked; names as in the file, durations in milliseconds. */
export type Config = z.output<typeof configSchema>;
export type SourceConfig = z.output<typeof source>;
export type MapConfig = z.output<typeof map>;
export type LookupConfig = z.output<typeof lookup>;
export type AdmissionConfig = Config['admission'];
export type ClusterConfig = z.output<typeof cluster>;
