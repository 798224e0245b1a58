const MODULUS = 2 ** 52; // with what one step adds, sums stay exact

/**
 * What two collections of texts have in common, so that they can be told to be the same whatever their order, without
 * a look from the one into the other: how many there are, and the sum of their hashes.
 *
 * Limits: of two that differ one in 2^32 looks the same, as of the seals.
 */
export class Tally {
  #size = 0;
  #sum = 0;

  /** Counts `text`, as if it were there `times` times, up to 2^20. */
  add(text: string, times = 1): void {
    this.#size += times;
    this.#sum = (this.#sum + hashOf(text) * times) % MODULUS;
  }

  equals(other: Tally): boolean {
    return this.#size === other.#size && this.#sum === other.#sum;
  }
}

/** FNV-1a of 32 bits: a call of zlib's CRC takes several times as long as all of so short a text. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash >>> 0;
}
