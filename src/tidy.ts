/**
 * Gives back the memory that a burst of work has left as garbage. V8 does so when more is made, which on a quiet host
 * may be hours later: to build the map of 100,000 entries leaves 45 MiB.
 *
 * Quirk of V8: it makes its young generation smaller only after 5 s in which little was made, so a burst must be over.
 */
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { untilBeat } from './beat.ts';

const LOOK_MS = 6000;
const MIB = 1024 * 1024;
const MUCH_BYTES = 8 * MIB; // less is not worth the 10 ms or so that a collection takes
const LEAN_BYTES = 16 * MIB; // what a daemon at rest takes

/** What a {@link Tidier} needs of V8. */
export interface Heap {
  /** How much memory it has taken, and how much of that has been written to. */
  sizes(): { readonly takenBytes: number; readonly usedBytes: number };
  collect(): void;
}

/** Looks at the heap from time to time, and collects its garbage when it has grown and then been left alone. */
export class Tidier {
  readonly #heap: Heap;
  #timer: NodeJS.Timeout | undefined;
  #usedBytes = 0;
  /** What it took when a collection had nothing more to give back. */
  #tidyBytes = LEAN_BYTES;

  constructor(heap: Heap = ownHeap) {
    this.#heap = heap;
  }

  start(): void {
    this.look();
    this.#timer = setTimeout(() => this.start(), untilBeat(LOOK_MS)).unref();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  look(): void {
    const { takenBytes, usedBytes } = this.#heap.sizes();
    const isAtRest = Math.abs(usedBytes - this.#usedBytes) < MIB;
    this.#usedBytes = usedBytes;
    if (!isAtRest || takenBytes - this.#tidyBytes < MUCH_BYTES) return;
    this.#heap.collect();
    const left = this.#heap.sizes();
    this.#usedBytes = left.usedBytes;
    if (takenBytes - left.takenBytes < MIB) this.#tidyBytes = left.takenBytes;
  }
}

const ownHeap: Heap = {
  sizes: () => {
    const { total_heap_size: takenBytes, used_heap_size: usedBytes } = getHeapStatistics();
    return { takenBytes, usedBytes };
  },
  collect: () => {
    setFlagsFromString('--expose-gc'); // there is no other way to ask for it
    const collect = runInNewContext('gc') as () => void;
    collect();
  },
};
