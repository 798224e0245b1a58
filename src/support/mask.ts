/**
 * Takes addresses and names out of a text, each time by the same stand-in, so that a reader still sees which belong
 * together.
 *
 * Limits: a name that nobody told of stays, unless it looks like a mail address.
 */
import { formatIp, parseIp } from '../login/ip.ts';

// What may be an address: the parser decides. Loopback tells nothing of anybody.
const ADDRESS = /(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|[\da-f]*:[\da-f:.]*)(?![\w:])/gi;
const MAIL_ADDRESS = /[\w.+%-]*@[\w-]+(?:\.[\w-]+)*/g;
const PUBLIC: ReadonlySet<string> = new Set(['127.0.0.1', '::1', '::', '0.0.0.0']);

export class Mask {
  readonly #names: RegExp | undefined;
  readonly #standIns = new Map<string, string>();
  readonly #counts = new Map<string, number>();

  /** @param names of users and hosts, which are looked for as whole words, whatever their case */
  constructor(names: Iterable<string>) {
    const known = [...new Set(names)].filter((name) => /\w/.test(name)).toSorted((a, b) => b.length - a.length);
    const words = known.map((name) => name.replaceAll(/[^\w\s]/g, String.raw`\$&`));
    this.#names = known.length === 0 ? undefined : new RegExp(`(?<![\\w])(?:${words.join('|')})(?![\\w])`, 'gi');
  }

  apply(text: string): string {
    const named =
      this.#names === undefined ? text : text.replaceAll(this.#names, (name) => this.#standIn('name', name));
    return named
      .replaceAll(MAIL_ADDRESS, (mail) => this.#standIn('name', mail))
      .replaceAll(ADDRESS, (address) => this.#address(address));
  }

  #address(text: string): string {
    const ip = parseIp(text);
    if (ip === undefined || PUBLIC.has(formatIp(ip))) return text;
    return this.#standIn(`ipv${ip.family}`, formatIp(ip));
  }

  #standIn(kind: string, text: string): string {
    const key = text.toLowerCase();
    const known = this.#standIns.get(key);
    if (known !== undefined) return known;
    const count = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, count);
    this.#standIns.set(key, `${kind}-${count}`);
    return `${kind}-${count}`;
  }
}
