import { expect, test } from '@jest/globals';
import { Cells } from '../../src/store/cells.ts';

test('reads a record once, and again for nobody who knows it', () => {
  const read: string[] = [];
  const cells = new Cells((key: string) => {
    read.push(key);
    return 0;
  });
  cells.set(cells.at('a', 'a'), 1);
  expect(cells.at('a', 'a').now).toBe(1);
  expect(cells.of('a', 'a', 5).now).toBe(1);
  expect(cells.of('b', 'b', 5).now).toBe(5);
  expect(cells.at('b', 'b').now).toBe(5);
  expect(read).toEqual(['a']);
});

test('tells each change once, what is as it was not at all, and what has been written only when it changes again', () => {
  const cells = new Cells<string, number>(() => 0);
  const [a, b] = [cells.at('a', 'a'), cells.at('b', 'b')];
  for (const value of [1, 2]) cells.set(a, value);
  for (const value of [1, 0]) cells.set(b, value);
  expect(cells.changes()).toEqual([expect.objectContaining({ key: 'a', before: 0, now: 2 })]);
  cells.settle();
  expect(cells.changes()).toEqual([]);
  cells.set(a, 3);
  expect(cells.changes()).toEqual([expect.objectContaining({ key: 'a', before: 2, now: 3 })]);
});
