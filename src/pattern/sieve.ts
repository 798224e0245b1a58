/**
 * Tells in a few bytes of a line that no pattern can match it: the program that wrote it is no pattern's, or its message
 * starts as none of that program's matches do. A mail log has a hundred lines for each login; this is what each of them
 * costs, whatever the number of patterns.
 *
 * It looks at what almost every line is, `STAMP HOST TAG[PID]: MESSAGE` with a stamp of RFC 3164 or 3339. Whatever else
 * a header can be it lets pass, for header.ts to read: in doubt a line is looked at.
 */
import { isDigit } from './bytes.ts';
import { LOGGER_TAGS } from './dropped.ts';
import { FACILITIES } from './header.ts';
import type { Pattern } from './pattern.ts';
import { REPEAT_LEAD, REPEATER_TAG } from './repeated-lines.ts';

/** Knows the lines of `patterns` and of loggers; not those without a host, which it lets pass. */
export class Sieve {
  /** What a tag starts with that may be a pattern's, or stand before one: most programs are told by three bytes. */
  readonly #starts = new Uint8Array(STARTS);
  /** The node that the messages of a tag begin at, by the tag's hash; 0: no pattern's. Tags of one hash share it. */
  readonly #roots = new Uint16Array(TAG_HASHES);
  /** The node after a node and a byte. Node 0 is the dead end. */
  #next = new Uint16Array(NODE_BYTES * FIRST_NODES);
  #isEnd = new Uint8Array(FIRST_NODES);
  #nodes = 1;
  /** A longer message is a piece of another, whatever it starts with; see cut-lines.ts. */
  readonly #cutBytes: number;
  /** Where the stamp ends of the line that was looked at last, if it {@link passes} as one of a pattern's program. */
  stampEnd = -1;

  constructor(patterns: readonly Pattern[]) {
    this.#cutBytes = Math.min(...patterns.map(({ cutBytes = Infinity }) => cutBytes));
    for (const facility of FACILITIES.split('|')) this.#addStart(facility);
    for (const tag of [...LOGGER_TAGS, REPEATER_TAG]) this.#add(tag, [Buffer.alloc(0)]);
    for (const { tags, rules } of patterns) {
      const leads = [REPEAT_LEAD, ...rules.flatMap(({ regex }) => regex.leads)].map((lead) => Buffer.from(lead));
      for (const tag of tags) this.#add(tag, leads);
    }
  }

  /** False only where no pattern can match the line in `bytes` from `start` to `end`. */
  passes(bytes: Buffer, start: number, end: number): boolean {
    this.stampEnd = -1;
    const hostAt = this.#hostAt(bytes, start, end);
    if (hostAt < 0 || bytes[hostAt] === BRACKET) return true;
    let at = tokenEnd(bytes, hostAt);
    if (at === hostAt || bytes[at] !== SPACE || bytes[at - 1] === COLON) return true;
    at++;
    const isHost = bytes[at] === bytes[hostAt]; // nginx's
    if (!isHost && this.#starts[startOf(bytes[at], bytes[at + 1], bytes[at + 2])] === 0) return false;
    let hash = 0;
    let byte = bytes[at] ?? 0;
    while (byte > SPACE && byte !== COLON && byte !== BRACKET) {
      hash = hashed(hash, byte);
      byte = bytes[++at] ?? 0;
    }
    if (byte === SPACE) return true;
    const root = this.#roots[hash & HASH_MASK] ?? 0;
    if (root === 0) return false;
    if (this.#isEnd[root] === 0) this.stampEnd = hostAt - 1; // else it may be a logger's
    const messageAt = byte === COLON ? at + 1 : afterPid(bytes, at + 1);
    return (
      messageAt < 0 ||
      bytes[messageAt] !== SPACE ||
      this.#isLed(root, bytes, messageAt + 1, end) ||
      end - messageAt > this.#cutBytes
    );
  }

  /** Where the host starts, -1 where the line does not start as most do. */
  #hostAt(bytes: Buffer, start: number, end: number): number {
    if (end - start < SHORTEST) return -1;
    if (bytes[start + 3] === SPACE && bytes[start + 9] === COLON && bytes[start + 12] === COLON) {
      return bytes[start + 15] === SPACE ? start + 16 : -1;
    }
    if (bytes[start + 4] !== DASH || bytes[start + 7] !== DASH || bytes[start + 10] !== LETTER_T) return -1;
    const stampEnd = isLongStamp(bytes, start) ? start + LONG_STAMP : tokenEnd(bytes, start + 19);
    return bytes[stampEnd] === SPACE ? stampEnd + 1 : -1;
  }

  #isLed(root: number, bytes: Buffer, start: number, end: number): boolean {
    if (bytes[start] === BRACKET) return true; // Solaris: `[ID 702911 mail.info] MESSAGE`
    let node = root;
    for (let at = start; node > 0; at++) {
      if (this.#isEnd[node] === 1) return true;
      if (at >= end) return false;
      node = this.#next[node * NODE_BYTES + (bytes[at] ?? 0)] ?? 0;
    }
    return false;
  }

  #addStart(tag: string): void {
    const [first, second, third] = Buffer.from(tag);
    for (const b of second === undefined ? ALL_BYTES : [second])
      for (const c of third === undefined ? ALL_BYTES : [third]) this.#starts[startOf(first, b, c)] = 1;
  }

  #add(tag: string, leads: readonly Buffer[]): void {
    this.#addStart(tag);
    const hash = [...Buffer.from(tag)].reduce(hashed, 0) & HASH_MASK;
    const root = (this.#roots[hash] ||= this.#newNode());
    for (const lead of leads) {
      let node = root;
      for (const byte of lead) node = this.#after(node, byte);
      this.#isEnd[node] = 1;
    }
  }

  #after(node: number, byte: number): number {
    const known = this.#next[node * NODE_BYTES + byte] ?? 0;
    if (known > 0) return known;
    const added = this.#newNode(); // may move the table
    this.#next[node * NODE_BYTES + byte] = added;
    return added;
  }

  #newNode(): number {
    const node = this.#nodes++;
    if (node === this.#isEnd.length) this.#grow();
    return node;
  }

  #grow(): void {
    const [next, isEnd] = [this.#next, this.#isEnd];
    this.#next = new Uint16Array(next.length * 2);
    this.#next.set(next);
    this.#isEnd = new Uint8Array(isEnd.length * 2);
    this.#isEnd.set(isEnd);
  }
}

/** Power of two. */
const STARTS = 32_768;
/** Power of two, large against the few hundred tags that patterns name: a foreign tag seldom meets one's hash. */
const TAG_HASHES = 4096;
const HASH_MASK = TAG_HASHES - 1;
const NODE_BYTES = 256;
const ALL_BYTES = Array.from({ length: NODE_BYTES }, (_, byte) => byte);
const FIRST_NODES = 64;
/** A header is longer. */
const SHORTEST = 20;

// Not imported: V8 looks an imported constant up each time, which is a fifth of the work here.
const SPACE = 0x20;
const PLUS = 0x2b;
const DASH = 0x2d;
const DOT = 0x2e;
const COLON = 0x3a;
const LETTER_T = 0x54;
const BRACKET = 0x5b;
const END_BRACKET = 0x5d;

function startOf(first = 0, second = 0, third = 0): number {
  return (first * 961 + second * 31 + third) & (STARTS - 1);
}

function hashed(hash: number, byte: number): number {
  return (Math.imul(hash, 31) + byte) | 0;
}

/** `2026-11-24T08:15:30.123456+01:00 `, rsyslog's: no host has what would look the same behind a shorter stamp. */
function isLongStamp(bytes: Buffer, start: number): boolean {
  const sign = bytes[start + 26];
  return (
    bytes[start + LONG_STAMP] === SPACE &&
    bytes[start + 29] === COLON &&
    bytes[start + 19] === DOT &&
    isDigit(bytes[start + 25]) &&
    (sign === PLUS || sign === DASH)
  );
}

const LONG_STAMP = 32;

/** The next space or control character: an LF ends the line, the end of the bytes too. */
function tokenEnd(bytes: Buffer, start: number): number {
  let at = start;
  while ((bytes[at] ?? 0) > SPACE) at++;
  return at;
}

/** Past `123]:`, whose digits start at `start`; -1 where it is none. */
function afterPid(bytes: Buffer, start: number): number {
  let at = start;
  while (isDigit(bytes[at])) at++;
  return bytes[at] === END_BRACKET && bytes[at + 1] === COLON ? at + 2 : -1;
}
