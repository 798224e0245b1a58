import { expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const HEADER_MODULE = pathToFileURL(path.resolve(import.meta.dirname, '../../src/pattern/header.js')).href;

/** What a process in `zone` makes of `stamp` at `now`: V8 reads its zone once. */
function read(zone: string, stamp: string, now: string): string {
  const script = `import { stampOf } from ${JSON.stringify(HEADER_MODULE)};
    const at = stampOf(Buffer.from(${JSON.stringify(`${stamp} mx a: x`)}), Date.parse(${JSON.stringify(now)}));
    process.stdout.write(at === undefined ? 'none' : new Date(at).toISOString());`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    env: { TZ: zone },
    encoding: 'utf8',
  });
  if (stderr !== '') throw new Error(stderr);
  return stdout;
}

test.each([
  [
    'a December line read in January is of last year',
    'Dec 31 23:59:59',
    '2027-01-01T00:00:05Z',
    '2026-12-31T23:59:59.000Z',
  ],
  [
    'a January line read by a clock still in December is of next year',
    'Jan  1 00:00:01',
    '2026-12-31T23:59:58Z',
    '2027-01-01T00:00:01.000Z',
  ],
  ['a line of the next hour is of this year', 'Nov 23 19:00:00', '2026-11-23T18:00:00Z', '2026-11-23T19:00:00.000Z'],
  [
    'a line of a later day of this month is of last year',
    'Nov 29 18:00:00',
    '2026-11-23T18:00:00Z',
    '2025-11-29T18:00:00.000Z',
  ],
  [
    'a line of six months ago is of this year, not the next',
    'Apr 23 18:00:00',
    '2026-10-23T18:00:00Z',
    '2026-04-23T18:00:00.000Z',
  ],
  ['February 29 is of the leap year', 'Feb 29 12:00:00', '2028-03-01T00:00:00Z', '2028-02-29T12:00:00.000Z'],
  [
    'February 29 read in the next January is of the leap year',
    'Feb 29 12:00:00',
    '2029-01-15T00:00:00Z',
    '2028-02-29T12:00:00.000Z',
  ],
  ['February 29 of a year far from a leap year is nothing', 'Feb 29 12:00:00', '2026-06-01T00:00:00Z', 'none'],
  ['a leap second is the next second', 'Dec 31 23:59:60', '2027-01-01T00:00:05Z', '2027-01-01T00:00:00.000Z'],
])('%s', (_, stamp, now, expected) => {
  expect(read('UTC', stamp, now)).toBe(expected);
});

test.each([
  ['the first 02:30 while it is the only one', '2026-10-25T00:30:10Z', '2026-10-25T00:30:00.000Z'],
  ['the second once it has come', '2026-10-25T01:30:10Z', '2026-10-25T01:30:00.000Z'],
  ['the second by a clock that lags by half a minute', '2026-10-25T01:29:30Z', '2026-10-25T01:30:00.000Z'],
])('when daylight saving ends, 02:30 is %s', (_, now, expected) => {
  expect(read('Europe/Berlin', 'Oct 25 02:30:00', now)).toBe(expected);
});

test('when daylight saving starts, a line before the gap and one after it are an instant apart', () => {
  const now = '2026-03-29T01:00:10Z';
  expect(read('Europe/Berlin', 'Mar 29 01:59:59', now)).toBe('2026-03-29T00:59:59.000Z');
  expect(read('Europe/Berlin', 'Mar 29 03:00:00', now)).toBe('2026-03-29T01:00:00.000Z');
});

test('where the clock is set back by half an hour, the same holds', () => {
  expect(read('Australia/Lord_Howe', 'Apr  5 01:45:00', '2026-04-04T15:15:10Z')).toBe('2026-04-04T15:15:00.000Z');
});

test('a stamp with a zone is that instant, whatever the zone of the process and the year', () => {
  for (const stamp of ['2026-11-23T18:00:00.5+01:00', '2026-11-23T17:00:00.500Z', '2026-11-23T11:30:00.5-0530']) {
    expect(read('Asia/Tokyo', stamp, '2020-01-01T00:00:00Z')).toBe('2026-11-23T17:00:00.500Z');
  }
});

test('a line a year ahead stays there: it is for admission to clip', () => {
  expect(read('UTC', '2027-11-23T18:00:00Z', '2026-11-23T18:00:00Z')).toBe('2027-11-23T18:00:00.000Z');
});
