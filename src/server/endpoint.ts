/** Where a look-up server listens, as the configuration names it. Nothing but this host can be named. */
import path from 'node:path';
import { parseAddress } from '../login/address.ts';

export type Endpoint = StreamEndpoint | DatagramEndpoint;

export type StreamEndpoint =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'inet'; readonly host: string; readonly port: number };

export interface DatagramEndpoint {
  readonly kind: 'udp';
  readonly host: string;
  readonly port: number;
}

/** Whether clients connect to it. */
export function isStream(endpoint: Endpoint): endpoint is StreamEndpoint {
  return endpoint.kind !== 'udp';
}

/** Reads `unix:/path`, `inet:127.0.0.1:9001`, `inet:[::1]:9001` or `udp:127.0.0.1:9876`; undefined is none of these. */
export function parseEndpoint(text: string): Endpoint | undefined {
  if (text.startsWith('unix:')) return unixEndpoint(text.slice('unix:'.length));
  const [, kind, host6, host4, digits] = INET.exec(text) ?? [];
  const host = host6 ?? host4 ?? '';
  const port = Number(digits);
  if (!isLoopback(host) || port > MAX_PORT) return undefined;
  return { kind: kind === 'udp' ? 'udp' : 'inet', host, port };
}

const INET = /^(inet|udp):(?:\[([0-9a-f:.]+)\]|([\d.]+)):([1-9]\d{0,4})$/i;
const MAX_PORT = 65_535;
const MAX_PATH_BYTES = 107; // sun_path with its NUL, unix(7)

function unixEndpoint(socketPath: string): Endpoint | undefined {
  const fits = path.isAbsolute(socketPath) && Buffer.byteLength(socketPath) <= MAX_PATH_BYTES;
  return fits && !socketPath.includes('\0') ? { kind: 'unix', path: socketPath } : undefined;
}

function isLoopback(host: string): boolean {
  const parsed = parseAddress(host);
  return !parsed.ok && parsed.reason === 'loopback';
}

/** The text that {@link parseEndpoint} reads. */
export function formatEndpoint(endpoint: Endpoint): string {
  if (endpoint.kind === 'unix') return `unix:${endpoint.path}`;
  const { kind, host, port } = endpoint;
  return host.includes(':') ? `${kind}:[${host}]:${port}` : `${kind}:${host}:${port}`;
}
