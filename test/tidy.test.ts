import { getHeapStatistics } from 'node:v8';
import { expect, test } from '@jest/globals';
import { Tidier } from '../src/tidy.ts';

const MIB = 1024 * 1024;

/** A heap that has taken `taken`, and can give back what lies over each of `floors` in turn. */
function heapOf(taken: number, ...floors: number[]) {
  const heap = {
    taken,
    used: 0,
    collections: 0,
    sizes: () => ({ takenBytes: heap.taken * MIB, usedBytes: heap.used * MIB }),
    collect: () => {
      heap.collections++;
      heap.taken = Math.min(heap.taken, floors.shift() ?? heap.taken);
    },
  };
  return heap;
}

test('collects what a burst has left when it is over, until nothing more comes back', () => {
  const heap = heapOf(80, 50, 12);
  const tidier = new Tidier(heap);
  for (const used of [30, 60, 20]) {
    heap.used = used;
    tidier.look();
  }
  expect(heap.collections).toBe(0);
  for (const taken of [50, 12, 12, 12]) {
    tidier.look();
    expect(heap.taken).toBe(taken);
  }
  expect(heap.collections).toBe(2);
});

test('leaves a heap alone that is small, or in use', () => {
  const small = heapOf(20);
  const used = heapOf(100);
  for (const heap of [small, used]) {
    const tidier = new Tidier(heap);
    for (let looks = 0; looks < 5; looks++) tidier.look();
  }
  expect(small.collections).toBe(0);
  expect(used.collections).toBe(1);
});

test('the garbage of this process is given back', () => {
  let garbage: unknown[] = Array.from({ length: 500_000 }, (_, index) => ({ index }));
  const tidier = new Tidier();
  const taken = getHeapStatistics().total_heap_size;
  garbage = [];
  for (let looks = 0; looks < 3; looks++) tidier.look();
  expect(garbage).toEqual([]);
  expect(getHeapStatistics().total_heap_size).toBeLessThan(taken - 8 * MIB);
});
