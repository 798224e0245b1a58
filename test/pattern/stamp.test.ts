import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { StampReader } from '../../src/pattern/stamp.ts';

const NOW = Date.UTC(2026, 10, 24);

function read(reader: StampReader, stamp: string): number | undefined {
  const bytes = Buffer.from(`x${stamp} mx`);
  return reader.at(bytes, 1, 1 + stamp.length, NOW);
}

/** Stamps that are mostly of one minute, and differ from each other in one place or two. */
const stamp = fc
  .tuple(
    fc.constantFrom('2026-11-23T18:00:', '2026-11-23T18:01:', '2026-11-23T18:00:', 'Nov 23 18:00:', 'Nov 23 18:01:'),
    fc.constantFrom('00', '07', '59', '60', '61', '5x', 'x5'),
    fc.constantFrom('', '', '.5', '.123', '.789012', '.', '.x', '.1234567890'),
    fc.constantFrom('', 'Z', 'Z', '+01:00', '+02:00', '-0530', '+0100'),
  )
  .map((parts) => parts.join(''));

test('a stamp is the same instant whichever stamps were read before it', () => {
  fc.assert(
    fc.property(fc.array(stamp, { minLength: 2, maxLength: 8 }), (stamps) => {
      const reader = new StampReader();
      for (const one of stamps) expect([one, read(reader, one)]).toEqual([one, read(new StampReader(), one)]);
    }),
    { numRuns: 3000 },
  );
});

test('a stamp that is told to be of a minute before an instant is before it', () => {
  const minute = Date.UTC(2026, 10, 23, 18);
  let told = 0;
  fc.assert(
    fc.property(
      fc.array(stamp, { minLength: 20, maxLength: 40 }),
      fc.integer({ min: 30, max: 150 }),
      (stamps, seconds) => {
        const reader = new StampReader();
        const instant = minute + seconds * 1000;
        for (const one of stamps) {
          if (reader.isOfMinuteBefore(instant, Buffer.from(`x${one} mx`), 1, 1 + one.length)) {
            told++;
            expect(read(new StampReader(), one) ?? -Infinity).toBeLessThan(instant);
          }
          read(reader, one);
        }
      },
    ),
    { numRuns: 1000 },
  );
  expect(told).toBeGreaterThan(10);
});

test('a fraction is cut to milliseconds', () => {
  const reader = new StampReader();
  const second = Date.UTC(2026, 10, 23, 18, 0, 5);
  for (const [fraction, ms] of Object.entries({ '.5': 500, '.58': 580, '.001999': 1, '.999999999': 999 })) {
    expect(read(reader, `2026-11-23T18:00:05${fraction}Z`)).toBe(second + ms);
  }
});
