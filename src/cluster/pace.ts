import { setTimeout } from 'node:timers/promises';

const GATHER_MS = 10;

/**
 * Keeps what comes thick together: each message or script wakes another process, which costs more than all that is in
 * it. What comes alone waits for nothing; behind what came with others, or right after it, a moment is waited for more.
 */
export class Pace {
  readonly #signal: AbortSignal;
  readonly #monotonic: () => number;
  #lastAt = -Infinity;

  constructor(signal: AbortSignal, monotonic: () => number = () => performance.now()) {
    this.#signal = signal;
    this.#monotonic = monotonic;
  }

  /** To be called when `count` have come: waits where more are to be expected, until `signal` ends that. */
  async gather(count: number): Promise<void> {
    const now = this.#monotonic();
    const isThick = count > 1 || now - this.#lastAt < GATHER_MS;
    this.#lastAt = now;
    if (isThick) await setTimeout(GATHER_MS, undefined, { signal: this.#signal }).catch(() => undefined);
  }
}
