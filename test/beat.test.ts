import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { untilBeat } from '../src/beat.ts';

const periods = fc.constantFrom(200, 1000, 2000, 10_000);
const instants = fc.nat({ max: 1e9 });

test('has all who look again and again wake together, about once a period', () => {
  fc.assert(
    fc.property(periods, instants, (periodMs, nowMs) => {
      const sleepMs = untilBeat(periodMs, nowMs);
      expect(sleepMs).toBeGreaterThanOrEqual(periodMs / 4);
      expect(sleepMs).toBeLessThanOrEqual(periodMs * 1.25);
      expect((nowMs + sleepMs) % periodMs).toBe(0);
    }),
  );
});

test('does not look twice at one beat where something else wakes it a little early', () => {
  expect(untilBeat(1000, 4999)).toBe(1001);
});

test('has those who go to sleep one after the other go on in one turn of the event loop, as good as always', async () => {
  const rounds = 20;
  let together = 0;
  for (let round = 0; round < rounds; round++) {
    const turns = await Promise.all([0, 0.4, 1.3, 2.9].map((afterMs) => wokenAfter(afterMs)));
    if (new Set(turns).size === 1) together++;
  }
  expect(together).toBeGreaterThan(rounds / 2);
});

/** Works for `busyMs`, and sleeps; the result tells one turn of the event loop from another. */
function wokenAfter(busyMs: number): Promise<number> {
  const end = performance.now() + busyMs;
  while (performance.now() < end);
  return new Promise((resolve) => setTimeout(() => resolve(turnNow()), untilBeat(40)));
}

let turn = 0;
let hasTurned = true;

function turnNow(): number {
  if (hasTurned) {
    turn++;
    hasTurned = false;
    setImmediate(() => (hasTurned = true));
  }
  return turn;
}
