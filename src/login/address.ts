/** The addresses that may be permitted to relay, and the only parser that makes one of text. */
import { BITS, firstOf, formatIp, leadingBits, parseIp, type Ip } from './ip.ts';

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
  | { readonly ok: true; readonly address: Address; readonly ip: Ip }
  | { readonly ok: false; readonly reason: AddressRefusal };

/**
 * Reads a client's address. Private networks (RFC 1918, unique local) are taken: printers live there. Refused are those
 * that identify no single remote client; a link-local one does only together with its zone, which no log tells.
 */
export function parseAddress(text: string): ParsedAddress {
  const ip = parseIp(text);
  if (ip === undefined) return { ok: false, reason: ZONE.test(text) ? 'zone' : 'not-an-address' };
  const refused = REFUSED[ip.family].find(({ bits, prefix }) => bits === leadingBits(ip, prefix));
  return refused === undefined ? { ok: true, address: canonical(ip), ip } : { ok: false, reason: refused.reason };
}

const ZONE = /^[0-9a-f:.]{2,45}%[^%]{1,32}$/i;

/** By the bits that they begin with. Written as numbers: to load the parser of addresses takes a twentieth of a short command. */
const REFUSED: Readonly<Record<4 | 6, readonly RefusedRange[]>> = {
  4: [
    { bits: 0, prefix: 32, reason: 'unspecified' },
    { bits: 0, prefix: 8, reason: 'reserved' }, // "this network", RFC 1122 3.2.1.3
    { bits: 127, prefix: 8, reason: 'loopback' },
    { bits: 0xe, prefix: 4, reason: 'multicast' }, // 224.0.0.0
    { bits: 0xf, prefix: 4, reason: 'reserved' }, // 240.0.0.0, with the broadcast address
  ],
  6: [
    { bits: 0n, prefix: 128, reason: 'unspecified' },
    { bits: 1n, prefix: 128, reason: 'loopback' },
    { bits: 0n, prefix: 96, reason: 'reserved' }, // IPv4-compatible, RFC 4291 2.5.5.1
    { bits: 0xfe80n >> 6n, prefix: 10, reason: 'link-local' },
    { bits: 0xffn, prefix: 8, reason: 'multicast' },
  ],
};

interface RefusedRange {
  readonly bits: number | bigint;
  readonly prefix: number;
  readonly reason: AddressRefusal;
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
  return `${canonical(firstOf(ip, 64))}/64` as Address;
}

/** An address as a number, and how many of its leading bits count. */
export interface Range {
  readonly ip: Ip;
  readonly prefix: number;
}

/** Of an {@link Address} all bits count, or 64. */
export function rangeOf(address: Address): Range {
  const slash = address.indexOf('/');
  const ip = parseIp(slash < 0 ? address : address.slice(0, slash));
  if (ip === undefined) throw new TypeError(`not an Address: ${address}`); // no parser made this one
  return { ip, prefix: slash < 0 ? BITS[ip.family] : Number(address.slice(slash + 1)) };
}
