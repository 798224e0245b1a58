import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { formatDuration, parseDuration } from '../../src/config/duration.ts';

test.each([
  ['90s', 90_000],
  ['30m', 1_800_000],
  ['1h30m', 5_400_000],
  ['1d', 86_400_000],
  ['250ms', 250],
])('reads %s', (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

test.each(['', '30', 'm', '30 m', '-5m', '1.5h', '5M', '30m ', '1y'])('refuses "%s"', (text) => {
  expect(parseDuration(text)).toBeUndefined();
});

test.each([
  [0, '0s'],
  [1, '1s'],
  [59_001, '1m 00s'],
  [1_798_000, '29m 58s'],
  [3_900_000, '1h 05m'],
  [90_000_000, '1d 01h'],
])('writes %d ms as %s', (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});

test('tells the time left rounded up to the second, below an hour', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 3_599_000 }), (ms) => {
      const told = parseDuration(formatDuration(ms).replace(' ', ''));
      expect(told).toBe(Math.ceil(ms / 1000) * 1000);
    }),
  );
});
