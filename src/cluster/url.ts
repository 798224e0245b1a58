/**
 * Where Redis or Valkey is, as an admin writes it:
 *
 *     redis://[USER@]HOST[:PORT][/DB]                  one server; rediss:// for TLS
 *     redis+sentinel://[USER@]HOST[:PORT],.../MASTER   whom the Sentinels name; rediss+sentinel:// for TLS
 *     redis+cluster://[USER@]HOST[:PORT],...           a Redis Cluster; rediss+cluster:// for TLS
 *     unix:/PATH                                       one server's socket
 *
 * Limits: no password, which belongs in a file of its own; Sentinels are asked without one.
 */

interface Host {
  readonly host: string;
  readonly port: number;
}

/** A parsed URL. */
export type RedisEndpoint = { readonly user: string | undefined } & (
  | { readonly kind: 'server'; readonly server: Host; readonly db: number; readonly tls: boolean }
  | { readonly kind: 'sentinel'; readonly hosts: readonly Host[]; readonly master: string; readonly tls: boolean }
  | { readonly kind: 'cluster'; readonly hosts: readonly Host[]; readonly tls: boolean }
  | { readonly kind: 'socket'; readonly path: string }
);

const REDIS_PORT = 6379;
const SENTINEL_PORT = 26_379;

/** The endpoint that `text` names, undefined where it names none. */
export function parseRedisUrl(text: string): RedisEndpoint | undefined {
  if (text.startsWith('unix:/')) return { kind: 'socket', path: text.slice('unix:'.length), user: undefined };
  const [, tls, kind = 'server', user, authority = '', tail = ''] = URL_PARTS.exec(text) ?? [];
  const hosts = authority.split(',').map((each) => parseHost(each, kind === 'sentinel' ? SENTINEL_PORT : REDIS_PORT));
  const [server] = hosts;
  if (!hosts.every((host) => host !== undefined) || server === undefined) return undefined;
  const common = { user, tls: tls === 's' };
  if (kind === 'sentinel') return tail === '' ? undefined : { ...common, kind, hosts, master: tail };
  if (kind === 'cluster') return tail === '' ? { ...common, kind, hosts } : undefined;
  if (hosts.length > 1 || !/^\d{0,5}$/.test(tail)) return undefined;
  return { ...common, kind: 'server', server, db: Number(tail) };
}

const URL_PARTS = /^redis(s?)(?:\+(sentinel|cluster))?:\/\/(?:([^@/:]+)@)?([^@/]+)(?:\/([\w.-]*))?$/;

function parseHost(text: string, defaultPort: number): Host | undefined {
  const [, bracketed, plain, port] = HOST.exec(text) ?? [];
  const host = bracketed ?? plain;
  const number = port === undefined ? defaultPort : Number(port);
  return host === undefined || number < 1 || number > 65_535 ? undefined : { host, port: number };
}

const HOST = /^(?:\[([\da-fA-F:.]+)\]|([\w.-]+))(?::(\d{1,5}))?$/;
