/** The addresses that may be permitted to relay, and the only parser that makes one of text. */
import { BITS, formatIp, parseIp, type Ip } from './ip.ts';

declare const brand: unique symbol;

/**
 * A client's address in its one canonical text: `192.0.2.7`, `2001:db8::7` (RFC 5952), never an IPv4-mapped form. With
 * `ipv6_prefix = 64` an IPv6 client's is its network, `2001:db8:1:2::/64`, and whoever renders or looks up an address
 * meets that text.
 */
export type Address = string & { readonly [brand]: true };

/** Why a text cannot be an {@link Address}. */
export type AddressRefusal =
  'not-an-address' | 'zone' | 'unspecified' | 'loopback' | 'multicast' | 'link-local' | 'reserved';

export type ParsedAddress =
  { readonly ok: true; readonly address: Address } | { readonly ok: false; readonly reason: AddressRefusal };

/**
 * Reads a client's address. Private networks (RFC 1918, unique local) are taken: printers live there. Refused are those
 * that identify no single remote client; a link-local one does only together with its zone, which no log tells.
 */
export function parseAddress(text: string): ParsedAddress {
  const ip = parseIp(text);
  if (ip === undefined) return { ok: false, reason: ZONE.test(text) ? 'zone' : 'not-an-address' };
  const reason = REFUSED.find(
    (network) => network.family === ip.family && network.bits === ip.bits >> network.hostBits,
  );
  return reason === undefined ? { ok: true, address: canonical(ip) } : { ok: false, reason: reason.why };
}

const ZONE = /^[0-9a-f:.]{2,45}%[^%]{1,32}$/i;

const REFUSED = [
  refused('0.0.0.0', 32, 'unspecified'),
  refused('0.0.0.0', 8, 'reserved'), // "this network", RFC 1122 3.2.1.3
  refused('127.0.0.0', 8, 'loopback'),
  refused('224.0.0.0', 4, 'multicast'),
  refused('240.0.0.0', 4, 'reserved'), // with the broadcast address
  refused('::', 128, 'unspecified'),
  refused('::1', 128, 'loopback'),
  refused('::', 96, 'reserved'), // IPv4-compatible, RFC 4291 2.5.5.1
  refused('fe80::', 10, 'link-local'),
  refused('ff00::', 8, 'multicast'),
];

function refused(network: string, prefix: number, why: AddressRefusal) {
  const { family, bits } = parseIp(network) ?? { family: 4, bits: 0n };
  const hostBits = BigInt(BITS[family] - prefix);
  return { family, bits: bits >> hostBits, hostBits, why };
}

function canonical(ip: Ip): Address {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- this makes the brand
  return formatIp(ip) as Address;
}

/** The address that entries are kept for: the client's own, or with 64 an IPv6 client's network. */
export function withPrefix(address: Address, ipv6Prefix: 64 | 128): Address {
  if (ipv6Prefix === 128 || !address.includes(':') || address.includes('/')) return address;
  const { ip } = rangeOf(address);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- and so does this
  return `${canonical({ family: 6, bits: (ip.bits >> 64n) << 64n })}/64` as Address;
}

/** The number of an address and how many of its leading bits count: all, or 64. */
export function rangeOf(address: Address): { readonly ip: Ip; readonly prefix: number } {
  const [text = '', prefix] = address.split('/');
  const ip = parseIp(text);
  if (ip === undefined) throw new TypeError(`not an Address: ${address}`); // no parser made this one
  return { ip, prefix: prefix === undefined ? BITS[ip.family] : Number(prefix) };
}
