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
  const known = lately.get(text);
  if (known !== undefined) return known;
  const ip = readIp(text);
  if (ip === undefined) return undefined;
  if (lately.size >= MAX_LATELY) lately.clear();
  lately.set(text, ip);
  return ip;
}

/** A login's address is asked for by each rule in turn, and the server's own comes again with each login. */
const lately = new Map<string, Ip>();
const MAX_LATELY = 50; // a larger map takes longer to fill than it saves

function readIp(text: string): Ip | undefined {
  if (isIPv4(text)) return { family: 4, bits: BigInt(quadOf(text)) }; // most are, and this is quick
  if (text.length > MAX_CHARS || isIP(text) === 0 || text.includes('%') || IPV4_COMPATIBLE.test(text)) return undefined;
  const bytes = ipaddr.process(text).toByteArray();
  return { family: bytes.length === 4 ? 4 : 6, bits: toBits(bytes) };
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
