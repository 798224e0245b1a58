/**
 * What time it is on the server, as far as this host can tell between two answers. A server's stamp lies somewhere
 * between asking and being answered, so there are two bounds, and each use takes the one that shortens access.
 */

/** An answer with the server's time, and this host's monotonic clock around it, milliseconds. */
export interface TimeSample {
  readonly time: number;
  readonly askedAt: number;
  readonly answeredAt: number;
}

const STAMP_MS = 1; // a stamp is of whole milliseconds, rounded down

export class ServerClock {
  readonly #monotonic: () => number;
  #sample: TimeSample | undefined;

  /** `monotonic` must not follow the wall clock, which somebody may set. */
  constructor(monotonic: () => number = () => performance.now()) {
    this.#monotonic = monotonic;
  }

  take(sample: TimeSample): void {
    this.#sample = sample;
  }

  /** The server's time is this or later; 0 where nothing is known, so that all that is sent counts as old. */
  earliest(): number {
    return this.#sample === undefined ? 0 : Math.floor(this.#sample.time + this.#monotonic() - this.#sample.answeredAt);
  }

  /** The server's time is this or earlier. */
  latest(): number {
    return this.#sample === undefined
      ? Infinity
      : Math.ceil(this.#sample.time + STAMP_MS + this.#monotonic() - this.#sample.askedAt);
  }

  /** How far `sample` lies before what the earlier ones let expect: another server took over, or its clock was set. */
  wentBackMs({ time, askedAt }: TimeSample): number {
    const old = this.#sample;
    return old === undefined ? 0 : Math.max(0, old.time + (askedAt - old.answeredAt) - time);
  }
}
