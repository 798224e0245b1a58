/** Networks as an admin writes them: `192.0.2.0/24`, `2001:db8::/32`, or one address. */
import { rangeOf, type Address, type Range } from './address.ts';
import { BITS, firstOf, formatIp, leadingBits, parseIp, type Ip } from './ip.ts';

/** The addresses of one family that share their leading `prefix` bits. */
export interface Network extends Range {
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
  if (prefix === undefined) return networkOf(ip, BITS[ip.family]);
  const isMapped = ip.family === 4 && address.includes(':');
  const length = PREFIX.test(prefix) ? Number(prefix) - (isMapped ? MAPPED_BITS : 0) : -1;
  return length >= 0 && length <= BITS[ip.family] ? networkOf(ip, length) : undefined;
}

const PREFIX = /^(?:0|[1-9]\d{0,2})$/;
const MAPPED_BITS = 96; // ::ffff:0:0/96, RFC 4291 2.5.5.2

function networkOf(address: Ip, prefix: number): Network {
  const ip = firstOf(address, prefix);
  return { ip, prefix, text: `${formatIp(ip)}/${prefix}` };
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
  const range = rangeOf(address);
  return shareBits(network, range, Math.min(network.prefix, range.prefix));
}

/** Whether all of `inner` lies in `outer`. */
export function encloses(outer: Network, inner: Network): boolean {
  return inner.prefix >= outer.prefix && shareBits(outer, inner, outer.prefix);
}

function shareBits({ ip: a }: Range, { ip: b }: Range, count: number): boolean {
  return a.family === b.family && leadingBits(a, count) === leadingBits(b, count);
}

/** Many networks, asked at once: a question costs as much as there are different prefixes, not networks. */
export class NetworkSet {
  readonly #byPrefix = { 4: new Map<number, ByBits>(), 6: new Map<number, ByBits>() };
  readonly #insideOf64: ByBits = new Map();
  readonly #isEmpty: boolean;

  constructor(networks: Iterable<Network>) {
    for (const each of networks) {
      const { ip, prefix } = each;
      const byBits: ByBits = this.#byPrefix[ip.family].get(prefix) ?? new Map();
      this.#byPrefix[ip.family].set(prefix, byBits.set(leadingBits(ip, prefix), each));
      if (ip.family === 6 && prefix > 64) this.#insideOf64.set(leadingBits(ip, 64), each);
    }
    this.#isEmpty = this.#byPrefix[4].size + this.#byPrefix[6].size === 0;
  }

  /** A network that has an address in common with the range of an {@link Address}, if there is one. */
  find({ ip, prefix }: Range): Network | undefined {
    if (this.#isEmpty) return undefined;
    for (const [length, byBits] of this.#byPrefix[ip.family]) {
      const found = length <= prefix ? byBits.get(leadingBits(ip, length)) : undefined;
      if (found !== undefined) return found;
    }
    return prefix === 64 ? this.#insideOf64.get(leadingBits(ip, 64)) : undefined;
  }
}

type ByBits = Map<number | bigint, Network>;
