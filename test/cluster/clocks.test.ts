import * as fc from 'fast-check';
import { expect, test } from '@jest/globals';
import { ServerClock } from '../../src/cluster/server-clock.ts';
import { WallClock } from '../../src/cluster/wall-clock.ts';

test('knows nothing before the first answer, so that all it would send counts as old', () => {
  const clock = new ServerClock();
  expect(clock.earliest()).toBe(0);
  expect(clock.latest()).toBe(Infinity);
});

test("the server's time always lies between its bounds, however long the way there and back", () => {
  const delay = fc.double({ min: 0, max: 5000, noNaN: true });
  fc.assert(
    fc.property(
      fc.constantFrom(0, 0.1, 800),
      delay,
      delay,
      fc.integer({ min: -3_600_000, max: 3_600_000 }),
      (there, back, later, skew) => {
        let monotonic = 1000.7;
        const serverTime = (): number => 1_800_000_000_000 + monotonic + skew;
        const clock = new ServerClock(() => monotonic);
        const askedAt = monotonic;
        monotonic += there;
        const stamp = Math.floor(serverTime());
        monotonic += back;
        clock.take({ time: stamp, askedAt, answeredAt: monotonic });
        monotonic += later;
        expect(clock.earliest()).toBeLessThanOrEqual(serverTime());
        expect(clock.latest()).toBeGreaterThanOrEqual(serverTime());
      },
    ),
  );
});

test('notices that another clock answers which is behind, and none that is ahead', () => {
  const clock = new ServerClock(() => 0);
  clock.take({ time: 1_000_000, askedAt: 0, answeredAt: 10 });
  expect(clock.wentBackMs({ time: 1_001_000, askedAt: 1000, answeredAt: 1010 })).toBe(0);
  expect(clock.wentBackMs({ time: 401_000, askedAt: 1000, answeredAt: 1010 })).toBe(599_990);
  expect(clock.wentBackMs({ time: 9_001_000, askedAt: 1000, answeredAt: 1010 })).toBe(0);
});

test("trusts no stamp from before somebody set this host's clock back", () => {
  let [wall, monotonic] = [1_000_000, 0];
  const clock = new WallClock(
    () => wall,
    () => monotonic,
  );
  expect(clock.trustedSince()).toBe(0);
  [wall, monotonic] = [1_060_000, 60_000];
  expect(clock.trustedSince()).toBe(0);
  [wall, monotonic] = [500_000, 61_000];
  expect(clock.trustedSince()).toBeGreaterThan(500_000);
  [wall, monotonic] = [9_000_000, 62_000]; // set forward again
  expect(clock.trustedSince()).toBeLessThan(600_000);
});
