/** Networks as an admin writes them: `192.0.2.0/24`, `2001:db8::/32`, or one address. */
import { rangeOf, type Address } from './address.ts';
import { BITS, formatIp, parseIp } from './ip.ts';

/** The addresses of one family that share their leading `prefix` bits. */
export interface Network {
  readonly family: 4 | 6;
  readonly prefix: number;
  /** Those leading bits alone. */
  readonly bits: bigint;
  /** Canonical, without host bits: `192.0.2.0/24`. */
  readonly text: string;
}

/**
 * The network that `text` names, undefined when it names none. Host bits are dropped: `192.0.2.7/24` is
 * `192.0.2.0/24`. An IPv4-mapped network of at least 96 bits is the IPv4 one.
 */
export function parseNetwork(text: string): Network | undefined {
  const [address = '', prefix, ...rest] = text.split('/');
  const ip = parseIp(address);
  if (ip === undefined || rest.length > 0) return undefined;
  if (prefix === undefined) return networkOf(ip.family, BITS[ip.family], ip.bits);
  const isMapped = ip.family === 4 && address.includes(':');
  const length = PREFIX.test(prefix) ? Number(prefix) - (isMapped ? MAPPED_BITS : 0) : -1;
  return length >= 0 && length <= BITS[ip.family] ? networkOf(ip.family, length, ip.bits) : undefined;
}

const PREFIX = /^(?:0|[1-9]\d{0,2})$/;
const MAPPED_BITS = 96; // ::ffff:0:0/96, RFC 4291 2.5.5.2

function networkOf(family: 4 | 6, prefix: number, address: bigint): Network {
  const host = BigInt(BITS[family] - prefix);
  const bits = address >> host;
  return { family, prefix, bits, text: `${formatIp({ family, bits: bits << host })}/${prefix}` };
}

/** Whether `text` names a network or an address. */
export function isNetwork(text: string): boolean {
  return parseNetwork(text) !== undefined;
}

/**
 * Whether `address` lies in `network`. One that is a network itself (`ipv6_prefix = 64`) does as soon as the two have
 * an address in common.
 */
export function contains(network: Network, address: Address): boolean {
  const { ip, prefix } = rangeOf(address);
  if (ip.family !== network.family) return false;
  const common = Math.min(prefix, network.prefix);
  return ip.bits >> BigInt(BITS[ip.family] - common) === network.bits >> BigInt(network.prefix - common);
}

/** Whether all of `inner` lies in `outer`. */
export function encloses(outer: Network, inner: Network): boolean {
  if (inner.family !== outer.family || inner.prefix < outer.prefix) return false;
  return inner.bits >> BigInt(inner.prefix - outer.prefix) === outer.bits;
}

/** Many networks, asked at once: a question costs as much as there are different prefixes, not networks. */
export class NetworkSet {
  readonly #byPrefix = { 4: new Map<number, Map<bigint, Network>>(), 6: new Map<number, Map<bigint, Network>>() };
  readonly #insideOf64 = new Map<bigint, Network>();
  readonly #isEmpty: boolean;

  constructor(networks: Iterable<Network>) {
    for (const each of networks) {
      const byBits = this.#byPrefix[each.family].get(each.prefix) ?? new Map<bigint, Network>();
      this.#byPrefix[each.family].set(each.prefix, byBits.set(each.bits, each));
      if (each.family === 6 && each.prefix > 64) this.#insideOf64.set(each.bits >> BigInt(each.prefix - 64), each);
    }
    this.#isEmpty = this.#byPrefix[4].size + this.#byPrefix[6].size === 0;
  }

  /** A network that {@link contains} `address`, if there is one. */
  find(address: Address): Network | undefined {
    if (this.#isEmpty) return undefined;
    const { ip, prefix } = rangeOf(address);
    for (const [length, byBits] of this.#byPrefix[ip.family]) {
      const found = length <= prefix ? byBits.get(ip.bits >> BigInt(BITS[ip.family] - length)) : undefined;
      if (found !== undefined) return found;
    }
    return prefix === 64 ? this.#insideOf64.get(ip.bits >> 64n) : undefined;
  }
}
