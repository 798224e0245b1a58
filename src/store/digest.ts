import { crcOf } from './crc.ts';

const MODULUS = 2 ** 52; // with what one step adds, sums stay exact

/**
 * What two collections of texts have in common, so that they can be told to be the same whatever their order, without
 * a look from the one into the other: how many there are, and the sum of their CRCs.
 *
 * Limits: of two that differ by chance one in 2^32 looks the same, as of the seals; of two in which texts have swapped
 * parts more do, since CRCs of what is alike are alike.
 */
export class Digest {
  #size = 0;
  #sum = 0;

  /** Counts `text`, as if it were there `times` times, up to 2^20. */
  add(text: string, times = 1): void {
    this.#size += times;
    this.#sum = (this.#sum + crcOf(text) * times) % MODULUS;
  }

  equals(other: Digest): boolean {
    return this.#size === other.#size && this.#sum === other.#sum;
  }
}
