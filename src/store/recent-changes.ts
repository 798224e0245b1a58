import type { Address } from '../login/address.ts';

/**
 * Which addresses came or went in the last changes, so that a map of an earlier generation need not be built anew. In
 * memory, for this process's own changes; where another process has changed the store in between, nothing of what was
 * before is known.
 */
export class RecentChanges {
  /** In the order of their generations; an address may be in it again. */
  readonly #changes: { readonly generation: number; readonly address: Address }[] = [];
  /** Every change after this generation is known, up to and including that of {@link #until}. */
  #since = NaN;
  #until = NaN;

  /** Notes that the change from generation `before` to `after` was to `addresses`. */
  note(before: number, after: number, addresses: readonly Address[]): void {
    if (before !== this.#until) {
      this.#changes.length = 0;
      this.#since = before;
    }
    this.#until = after;
    for (const address of addresses) this.#changes.push({ generation: after, address });
    const excess = this.#changes.length - MAX_CHANGES;
    if (excess > 0) this.#since = this.#changes.splice(0, excess).at(-1)?.generation ?? after;
  }

  /** Whom the changes from `generation` to `current` were to; undefined where not all of them are known. */
  between(generation: number, current: number): Set<Address> | undefined {
    if (generation === current) return new Set();
    if (current !== this.#until || !(generation >= this.#since)) return undefined;
    return new Set(this.#changes.filter((change) => change.generation > generation).map(({ address }) => address));
  }
}

const MAX_CHANGES = 10_000; // far more than it pays to change in a map one by one
