import type { Clock } from '../clock.ts';

const SET_BACK_MS = 1000; // more than any slewing between two looks
const CLIP_MS = 2000; // within this the store has clipped its stamps: see store/expiry-clock.ts

/**
 * This host's clock, and whether somebody has set it back: the store then moves stamps that lie ahead to that moment,
 * so for those the true age is no longer known.
 */
export class WallClock {
  readonly #clock: Clock;
  readonly #monotonic: () => number;
  #offset: number;
  #trustedSince = 0;

  constructor(clock: Clock, monotonic: () => number = () => performance.now()) {
    this.#clock = clock;
    this.#monotonic = monotonic;
    this.#offset = clock() - monotonic();
  }

  now(): number {
    const now = this.#clock();
    const offset = now - this.#monotonic();
    if (offset < this.#offset - SET_BACK_MS) this.#trustedSince = now + CLIP_MS;
    this.#offset = offset;
    return now;
  }

  /** A stored stamp before this may look younger than it is. */
  trustedSince(): number {
    this.now();
    return this.#trustedSince;
  }
}
