/**
 * IP addresses as numbers. The only file that imports ipaddr.js, and it hides these quirks: alone the library reads
 * `010.0.2.1` as 8.0.2.1, `1.2.3` as 1.2.0.3 and `0x7f.1` as 127.0.0.1, so `net.isIP` decides first what an address
 * is; and it takes the deprecated `::192.0.2.1` for `::ffff:192.0.2.1`, so that form is refused here.
 */
import { isIP, isIPv4 } from 'node:net';
import ipaddr from 'ipaddr.js';

/**
 * An address as a number: 32 bits for IPv4, 128 for IPv6. An IPv4-mapped IPv6 address is the IPv4 one. Most are IPv4, and
 * each step with a bigint makes garbage.
 */
export type Ip = { readonly family: 4; readonly bits: number } | { readonly family: 6; readonly bits: bigint };

/** How long an address is. */
export const BITS = { 4: 32, 6: 128 } as const;

/** The address that `text` is, undefined when it is none or names a zone. */
export function parseIp(text: string): Ip | undefined {
  if (isIPv4(text)) return { family: 4, bits: quadOf(text) };
  if (text.length > MAX_CHARS || isIP(text) === 0 || text.includes('%') || IPV4_COMPATIBLE.test(text)) return undefined;
  const hex = Buffer.from(ipaddr.IPv6.parse(text).toByteArray()).toString('hex');
  if (hex.startsWith(MAPPED)) return { family: 4, bits: Number(`0x${hex.slice(MAPPED.length)}`) };
  return { family: 6, bits: BigInt(`0x${hex}`) };
}

function quadOf(text: string): number {
  let [quad, byte] = [0, 0];
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code !== DOT) byte = byte * 10 + code - ZERO;
    else [quad, byte] = [quad * 256 + byte, 0];
  }
  return quad * 256 + byte;
}

const DOT = 0x2e;
const ZERO = 0x30;
const MAX_CHARS = 45; // six groups and a dotted quad
const MAPPED = `${'0'.repeat(20)}ffff`; // ::ffff:0:0/96, RFC 4291 2.5.5.2
const IPV4_COMPATIBLE = /^[0:]+:\d+\./; // ::192.0.2.1 in any spelling, RFC 4291 2.5.5.1

/** The `prefix` bits that an address begins with: two of one family that share them are in one network. */
export function leadingBits({ family, bits }: Ip, prefix: number): number | bigint {
  if (family === 6) return bits >> BigInt(BITS[6] - prefix);
  return prefix === 0 ? 0 : bits >>> (BITS[4] - prefix); // JavaScript shifts by 32 as by 0
}

/** The first address of the network in which `ip` is, whose addresses share `prefix` bits. */
export function firstOf({ family, bits }: Ip, prefix: number): Ip {
  if (family === 4) return { family, bits: bits - (bits % 2 ** (BITS[4] - prefix)) };
  return { family, bits: bits - (bits % 2n ** BigInt(BITS[6] - prefix)) };
}

/** The one canonical text: a dotted quad, or RFC 5952 for IPv6. */
export function formatIp({ family, bits }: Ip): string {
  if (family === 4) return `${bits >>> 24}.${(bits >>> 16) & 255}.${(bits >>> 8) & 255}.${bits & 255}`;
  const hex = bits.toString(16).padStart(BITS[6] / 4, '0');
  return ipaddr.fromByteArray([...Buffer.from(hex, 'hex')]).toString();
}
