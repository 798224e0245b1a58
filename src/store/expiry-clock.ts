import { untilBeat } from '../beat.ts';
import type { Clock } from '../clock.ts';
import type { Entry } from './entry.ts';
import type { Store } from './store.ts';

const RECHECK_MS = 1000; // a command in another process may have granted something that ends sooner

/** What an {@link ExpiryClock} calls. */
export interface ExpiryListener {
  /** Addresses have expired, or (with none) another process changed what is permitted. */
  changed(expired: readonly Entry[]): void;
  /** The store failed: the process must end. */
  failed(error: unknown): void;
  /** All that is past has been expired. */
  ticked(): void;
}

/**
 * Expires entries on its own clock, whatever the log does: at the millisecond that the next one is due, and once a
 * second to see what other processes changed and whether the clock was set back.
 */
export class ExpiryClock {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #listener: ExpiryListener;
  #timer: NodeJS.Timeout | undefined;
  #generation = 0;

  constructor(store: Store, clock: Clock, listener: ExpiryListener) {
    this.#store = store;
    this.#clock = clock;
    this.#listener = listener;
  }

  start(): void {
    this.#generation = this.#store.generation();
    this.#tick();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #tick(): void {
    try {
      const nextAt = this.#expire();
      this.#listener.ticked();
      this.#timer = setTimeout(() => this.#tick(), this.#delayMs(nextAt));
    } catch (error) {
      this.#listener.failed(error);
    }
  }

  /** The result is when the next one is due. */
  #expire(): number {
    const outlook = this.#store.outlook();
    const expired = outlook.isDue ? this.#store.expire() : [];
    const { generation, nextAt } = outlook.isDue ? this.#store.outlook() : outlook;
    if (generation !== this.#generation) this.#listener.changed(expired);
    this.#generation = generation;
    return nextAt;
  }

  #delayMs(nextAt: number): number {
    return Math.max(1, Math.min(untilBeat(RECHECK_MS), nextAt - this.#clock()));
  }
}
