import { expect, test } from '@jest/globals';
import { Pace } from '../../src/cluster/pace.ts';

let now = 1000;

function pace(signal = new AbortController().signal): Pace {
  return new Pace(signal, () => now);
}

/** Whether it goes on at once: before any timer can go off. */
async function goesOn(waiting: Promise<void>): Promise<boolean> {
  let went = false;
  void waiting.then(() => (went = true));
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  return went;
}

test('what comes alone waits for nothing', async () => {
  const calm = pace();
  for (let n = 0; n < 3; n++, now += 100) expect(await goesOn(calm.gather(1))).toBe(true);
});

test('what comes together, or right after another, waits for more', async () => {
  expect(await goesOn(pace().gather(2))).toBe(false);
  const thick = pace();
  expect(await goesOn(thick.gather(1))).toBe(true);
  now += 2;
  expect(await goesOn(thick.gather(1))).toBe(false);
});

test('waits for a moment only, and not at all when it is told to end', async () => {
  const ending = new AbortController();
  await pace().gather(2); // or the test would not end
  const waiting = pace(ending.signal).gather(2);
  ending.abort();
  expect(await goesOn(waiting)).toBe(true);
});
