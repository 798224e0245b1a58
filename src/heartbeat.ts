/**
 * Beats once all parts have done their work since the last beat. A part that hangs, in a promise that never settles as
 * well as in a loop, stops it, which a timer of its own would not show.
 */
export class Heartbeat {
  readonly #onBeat: () => void;
  readonly #parts = new Set<symbol>();
  #late = new Set<symbol>();

  constructor(onBeat: () => void) {
    this.#onBeat = onBeat;
  }

  /** Adds a part; it calls the result each time it has done its work. */
  part(name: string): () => void {
    const part = Symbol(name);
    this.#parts.add(part);
    this.#late.add(part);
    return () => {
      this.#late.delete(part);
      if (this.#late.size > 0) return;
      this.#late = new Set(this.#parts);
      this.#onBeat();
    };
  }
}
