import type { Address } from '../login/address.ts';

/**
 * Which addresses came or went in the last changes, so that a map of an earlier generation need not be built anew. In
 * memory, for this process's own changes; where another process has changed the store in between, nothing of what was
 * before is known.
 */
export class RecentChanges {
  /** In the order of their generations; an address may be in it again. */
  #changes: { readonly generation: number; readonly addresses: readonly Address[] }[] = [];
  #size = 0;
  /** Every change after this generation is known, up to and including that of {@link #until}. */
  #since = NaN;
  #until = NaN;

  /** Notes that the change from generation `before` to `after` was to `addresses`. */
  note(before: number, after: number, addresses: readonly Address[]): void {
    if (before !== this.#until) this.#forget(this.#changes.length, before);
    this.#until = after;
    this.#changes.push({ generation: after, addresses });
    this.#size += addresses.length;
    while (this.#size > MAX_CHANGES) this.#forget(1, this.#changes[0]?.generation ?? after);
  }

  /** Forgets the first `count` changes, those up to generation `since`. */
  #forget(count: number, since: number): void {
    for (const { addresses } of this.#changes.splice(0, count)) this.#size -= addresses.length;
    this.#since = since;
  }

  /** Whom the changes from `generation` to `current` were to; undefined where not all of them are known. */
  between(generation: number, current: number): Set<Address> | undefined {
    if (generation === current) return new Set();
    if (current !== this.#until || !(generation >= this.#since)) return undefined;
    const later = this.#changes.filter((change) => change.generation > generation);
    return new Set(later.flatMap(({ addresses }) => addresses));
  }
}

const MAX_CHANGES = 10_000; // far more than it pays to change in a map one by one
