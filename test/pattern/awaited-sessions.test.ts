import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { AwaitedSessions } from '../../src/pattern/awaited-sessions.ts';

const OWN = fc.stringMatching(/^[\w+/=,.:[\]-]{4,40}$/); // as servers make them
const ids = fc.oneof(
  { arbitrary: fc.array(OWN, { minLength: 1, maxLength: 50 }), weight: 3 },
  { arbitrary: fc.array(fc.string({ minLength: 1, maxLength: 40 }), { minLength: 1, maxLength: 5 }), weight: 1 },
);

test('a line that names one of the sessions is never passed by, wherever in it and whatever the ids are', () => {
  const named = fc.record({ ids, which: fc.nat(), before: fc.string(), after: fc.string(), from: fc.nat(30) });
  fc.assert(
    fc.property(named, ({ ids: awaited, which, before, after, from }) => {
      const id = awaited[which % awaited.length] ?? '';
      const line = Buffer.from(`${'.'.repeat(from)}${before}${id}${after}`);
      expect(new AwaitedSessions(awaited, 0).mayBeIn(line, from, line.length)).toBe(true);
    }),
    { numRuns: 2000 },
  );
});

test('of the lines of other sessions hardly one must be looked at, with a thousand sessions open too', () => {
  const awaited = new AwaitedSessions(
    Array.from({ length: 1000 }, (_, index) => idOf(index)),
    0,
  );
  const lines = Array.from({ length: 2000 }, (_, index) =>
    Buffer.from(
      `dovecot: imap(user${index}@example.org)<4242><${idOf(1000 + index)}>: Disconnected: Logged out in=512`,
    ),
  );
  expect(lines.filter((line) => awaited.mayBeIn(line, 0, line.length)).length).toBeLessThan(3);
});

test('ids that are short, or that a line may spell otherwise, rule nothing out; where none is awaited no line matters', () => {
  const line = Buffer.from('dovecot: imap(bob)<1><kR3jT0pPqMbAAAB>: Disconnected: Logged out');
  expect(new AwaitedSessions(['id', 'kR3jT0pPqMbAAAA1'], 0).mayBeIn(line, 0, line.length)).toBe(true);
  expect(new AwaitedSessions(['kR3jT0pPqMbAAA\u00e4'], 0).mayBeIn(line, 0, line.length)).toBe(true);
  expect(new AwaitedSessions([], 0).mayBeIn(line, 0, line.length)).toBe(false);
});

/** As Dovecot makes them. */
function idOf(number: number): string {
  return Buffer.from(`${number * 7919}`.padStart(12, 'x')).toString('base64');
}
