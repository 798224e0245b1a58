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

/** Written as numbers: to load the parser of addresses takes a twentieth of a short command. */
const REFUSED = [
  refused(4, 0n, 32, 'unspecified'),
  refused(4, 0n, 8, 'reserved'), // "this network", RFC 1122 3.2.1.3
  refused(4, 127n, 8, 'loopback'),
  refused(4, 0xen, 4, 'multicast'), // 224.0.0.0
  refused(4, 0xfn, 4, 'reserved'), // 240.0.0.0, with the broadcast address
  refused(6, 0n, 128, 'unspecified'),
  refused(6, 1n, 128, 'loopback'),
  refused(6, 0n, 96, 'reserved'), // IPv4-compatible, RFC 4291 2.5.5.1
  refused(6, 0xfe80n >> 6n, 10, 'link-local'),
  refused(6, 0xffn, 8, 'multicast'),
];

/** The addresses that begin with `bits`, of which there are `prefix`. */
function refused(family: 4 | 6, bits: bigint, prefix: number, why: AddressRefusal) {
  return { family, bits, hostBits: BigInt(BITS[family] - prefix), why };
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
  const slash = address.indexOf('/');
  const ip = parseIp(slash < 0 ? address : address.slice(0, slash));
  if (ip === undefined) throw new TypeError(`not an Address: ${address}`); // no parser made this one
  return { ip, prefix: slash < 0 ? BITS[ip.family] : Number(address.slice(slash + 1)) };
}
