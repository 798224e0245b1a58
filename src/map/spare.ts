/**
 * A copy of the map that stands, made as soon as that has been put in place and on the disk before it is needed: then a
 * change costs the disk a page or two, and not all of the map.
 *
 * Never one that is not known to be what stands: it is of this process, which noted both files as they were when it was
 * made, and neither has changed since. What a killed process leaves behind is removed (aside.ts).
 *
 * Limits: it takes as much room on the disk as the map does.
 */
import { copyMap, type BuiltMap } from './aside.ts';
import { MapError } from './map-error.ts';
import { stampOf } from './stamp.ts';
import type { MapTarget } from './target.ts';

interface Spare {
  readonly copy: BuiltMap;
  readonly stamp: string | undefined;
  /** Of the map that stood, before it was copied and after. */
  readonly original: string;
}

export class SpareCopy {
  readonly #target: MapTarget;
  #spare: Promise<Spare | undefined> = Promise.resolve(undefined);

  constructor(target: MapTarget) {
    this.#target = target;
  }

  /** Copies what stands, for the next {@link take}, which hears of what goes wrong. */
  async prepare(): Promise<void> {
    const dropped = this.drop();
    this.#spare = dropped.then(() => this.#make());
    await this.#spare.catch(() => undefined);
  }

  /** The copy, the caller's from now on; undefined where it is not what stands, or none was made. */
  async take(): Promise<BuiltMap | undefined> {
    const spare = await this.#takeAny();
    if (spare === undefined || this.#isTrue(spare)) return spare?.copy;
    await spare.copy.remove();
    return undefined;
  }

  /** Removes what was prepared. */
  async drop(): Promise<void> {
    await (await this.#takeAny())?.copy.remove();
  }

  #takeAny(): Promise<Spare | undefined> {
    const spare = this.#spare;
    this.#spare = Promise.resolve(undefined);
    return spare;
  }

  #isTrue({ copy, stamp, original }: Spare): boolean {
    return original === stampOf(this.#target.file) && stamp !== undefined && stamp === stampOf(copy.file);
  }

  async #make(): Promise<Spare | undefined> {
    const original = stampOf(this.#target.file);
    if (original === undefined) return undefined;
    try {
      const copy = await copyMap(this.#target);
      return { copy, stamp: stampOf(copy.file), original };
    } catch (error) {
      if (error instanceof MapError) return undefined; // whoever needs a copy will try again, and tell
      throw error;
    }
  }
}
