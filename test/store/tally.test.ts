import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { Tally } from '../../src/store/tally.ts';

const texts = fc.array(fc.string({ maxLength: 3 }), { maxLength: 6 });

test('finds the same texts the same in whatever order, and no others', () => {
  fc.assert(
    fc.property(texts, texts, (some, others) => {
      const areSame = JSON.stringify(some.toSorted()) === JSON.stringify(others.toSorted());
      expect(tallyOf(some).equals(tallyOf(others))).toBe(areSame);
      expect(tallyOf(some).equals(tallyOf(some.toReversed()))).toBe(true);
    }),
  );
});

test('counts a text as often as it is told to', () => {
  const thrice = new Tally();
  thrice.add('alice', 3);
  expect(thrice.equals(tallyOf(['alice', 'alice', 'alice']))).toBe(true);
  expect(thrice.equals(tallyOf(['alice', 'alice', 'bob']))).toBe(false);
});

test('tells a difference of one in as many as a store can have', () => {
  const [all, another] = [new Tally(), new Tally()];
  for (let user = 0; user < 10_000; user++) {
    all.add(`user${user}`, 2 ** 20);
    another.add(`user${user}`, user === 5000 ? 2 ** 20 - 1 : 2 ** 20);
  }
  another.add('user5001', 1);
  expect(another.equals(all)).toBe(false);
});

function tallyOf(some: readonly string[]): Tally {
  const tally = new Tally();
  for (const text of some) tally.add(text);
  return tally;
}
