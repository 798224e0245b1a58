import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { untilBeat } from '../src/beat.ts';

const periods = fc.constantFrom(200, 1000, 2000, 10_000);
const instants = fc.double({ min: 0, max: 1e9, noNaN: true });

test('has all who look again and again wake together, about once a period', () => {
  fc.assert(
    fc.property(periods, instants, (periodMs, nowMs) => {
      const sleepMs = untilBeat(periodMs, nowMs);
      expect(sleepMs).toBeGreaterThanOrEqual(periodMs / 4);
      expect(sleepMs).toBeLessThanOrEqual(periodMs * 1.25);
      const beats = (nowMs + sleepMs) / periodMs;
      expect(beats).toBeCloseTo(Math.round(beats), 3);
    }),
  );
});

test('does not look twice at one beat when a timer goes off a little early', () => {
  expect(untilBeat(1000, 4999.2)).toBeCloseTo(1000.8);
});
