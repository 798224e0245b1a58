import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { Digest } from '../../src/store/digest.ts';

const texts = fc.array(fc.string({ maxLength: 3 }), { maxLength: 6 });

test('finds the same texts the same in whatever order, and no others', () => {
  fc.assert(
    fc.property(texts, texts, (some, others) => {
      const areSame = JSON.stringify(some.toSorted()) === JSON.stringify(others.toSorted());
      expect(digestOf(some).equals(digestOf(others))).toBe(areSame);
      expect(digestOf(some).equals(digestOf(some.toReversed()))).toBe(true);
    }),
  );
});

test('counts a text as often as it is told to', () => {
  const thrice = new Digest();
  thrice.add('alice', 3);
  expect(thrice.equals(digestOf(['alice', 'alice', 'alice']))).toBe(true);
  expect(thrice.equals(digestOf(['alice', 'alice', 'bob']))).toBe(false);
});

test('tells a difference of one in as many as a store can have', () => {
  const [all, another] = [new Digest(), new Digest()];
  for (let user = 0; user < 10_000; user++) {
    all.add(`user${user}`, 2 ** 20);
    another.add(`user${user}`, user === 5000 ? 2 ** 20 - 1 : 2 ** 20);
  }
  another.add('user5001', 1);
  expect(another.equals(all)).toBe(false);
});

function digestOf(some: readonly string[]): Digest {
  const digest = new Digest();
  for (const text of some) digest.add(text);
  return digest;
}
