/**
 * IP addresses as numbers. The only file that imports ipaddr.js, and it hides these quirks: alone the library reads
 * `010.0.2.1` as 8.0.2.1, `1.2.3` as 1.2.0.3 and `0x7f.1` as 127.0.0.1, so `net.isIP` decides first what an address
 * is; and it takes the deprecated `::192.0.2.1` for `::ffff:192.0.2.1`, so that form is refused here.
 */
import { isIP, isIPv4 } from 'node:net';
import ipaddr from 'ipaddr.js';

/** An address as a number: 32 bits for IPv4, 128 for IPv6. An IPv4-mapped IPv6 address is the IPv4 one. */
export interface Ip {
  readonly family: 4 | 6;
  readonly bits: bigint;
}

/** How long an address is. */
export const BITS = { 4: 32, 6: 128 } as const;

/** The address that `text` is, undefined when it is none or names a zone. */
export function parseIp(text: string): Ip | undefined {
  if (known.has(text)) return known.get(text);
  const ip = readIp(text);
  if (known.size >= MAX_KNOWN) known.clear();
  if (text.length <= MAX_CHARS) known.set(text, ip);
  return ip;
}

/** A login's address is asked for by each rule in turn, and the server's own comes again with each login. */
const known = new Map<string, Ip | undefined>();
const MAX_KNOWN = 1000;

function readIp(text: string): Ip | undefined {
  if (isIPv4(text)) return { family: 4, bits: BigInt(text.split('.').reduce(shiftIn, 0)) }; // most are, and this is quick
  if (text.length > MAX_CHARS || isIP(text) === 0 || text.includes('%') || IPV4_COMPATIBLE.test(text)) return undefined;
  const bytes = ipaddr.process(text).toByteArray();
  return { family: bytes.length === 4 ? 4 : 6, bits: toBits(bytes) };
}

function shiftIn(bits: number, byte: string): number {
  return bits * 256 + Number(byte);
}

const MAX_CHARS = 45; // six groups and a dotted quad
const IPV4_COMPATIBLE = /^[0:]+:\d+\./; // ::192.0.2.1 in any spelling, RFC 4291 2.5.5.1

function toBits(bytes: readonly number[]): bigint {
  return bytes.reduce((bits, byte) => (bits << 8n) | BigInt(byte), 0n);
}

/** The one canonical text: a dotted quad, or RFC 5952 for IPv6. */
export function formatIp({ family, bits }: Ip): string {
  if (family === 4) {
    const number = Number(bits);
    return `${number >>> 24}.${(number >>> 16) & 255}.${(number >>> 8) & 255}.${number & 255}`;
  }
  const bytes = Array.from({ length: BITS[family] / 8 }, (_, index) =>
    Number((bits >> BigInt(BITS[family] - 8 * (index + 1))) & 0xffn),
  );
  return ipaddr.fromByteArray(bytes).toString();
}
