/**
 * Tells in its bytes that a line names none of some sessions: of a backlog's logouts, a hundred thousand a day on a busy
 * host, only those count whose session is known to be open, and to match each would be most of what a backlog takes.
 *
 * A hash rolls over the line and is looked up in a table of the ids' hashes (Karp and Rabin).
 */

export class AwaitedSessions {
  /** Of the lines from before this instant, epoch ms, only logouts of these sessions count. */
  readonly before: number;
  /** How much of each id is looked for; 0 where one of them cannot be told from others in bytes. */
  readonly #length: number;
  /** What a byte is worth that leaves the hash. */
  readonly #leaving: number;
  readonly #hashes = new Set<number>();
  /** By their last bits: most places of a line are told by it. */
  readonly #slots = new Uint8Array(SLOTS);

  /** `ids` are the servers' own, as their lines have them. */
  constructor(ids: readonly string[], before: number) {
    this.before = before;
    const shortest = ids.reduce((least, { length }) => Math.min(least, length), LONGEST);
    this.#length = ids.every(isAscii) && shortest >= SHORTEST ? shortest : 0;
    this.#leaving = power(FACTOR, this.#length);
    for (const id of ids) this.#add(Buffer.from(id.slice(0, this.#length)).reduce(hashed, 0));
  }

  #add(hash: number): void {
    this.#hashes.add(hash);
    this.#slots[hash & SLOT_MASK] = 1;
  }

  /** False only where none of the ids is in `bytes` from `start` to `end`. */
  mayBeIn(bytes: Uint8Array, start: number, end: number): boolean {
    if (this.#hashes.size === 0) return false;
    if (this.#length === 0) return true;
    const full = start + this.#length;
    let hash = 0;
    for (let at = start; at < end; at++) {
      hash = hashed(hash, bytes[at] ?? 0);
      if (at >= full) hash = (hash - Math.imul(this.#leaving, bytes[at - this.#length] ?? 0)) | 0;
      if (this.#slots[hash & SLOT_MASK] === 1 && this.#hashes.has(hash)) return true;
    }
    return false;
  }
}

const LONGEST = 16; // tells them as well as all of them would
const SHORTEST = 4; // such are in many lines
/** Power of two, large against the thousands of sessions of a busy host. */
const SLOTS = 65_536;
const SLOT_MASK = SLOTS - 1;
const FACTOR = 0x0100_0193;

function hashed(hash: number, byte: number): number {
  return (Math.imul(hash, FACTOR) + byte) | 0;
}

function power(factor: number, exponent: number): number {
  let product = 1;
  for (let times = 0; times < exponent; times++) product = Math.imul(product, factor);
  return product;
}

/** What is no UTF-8 in a line is decoded to another character, so that its bytes are not the id's. */
function isAscii(id: string): boolean {
  return /^[\x21-\x7e]+$/.test(id);
}
