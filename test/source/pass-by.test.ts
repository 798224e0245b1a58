/** What a start passes by of a log that has grown while nobody read it, and what it does not. */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { openBody, type Body } from '../../src/source/body.ts';
import { compare, fingerprintAt } from '../../src/source/fingerprint.ts';
import { passBy } from '../../src/source/pass-by.ts';

const NOW = Date.UTC(2026, 10, 24, 15);
const STEP_MS = 5000;
const HOUR_MS = 3_600_000;
const SINCE = NOW - HOUR_MS / 2;
const LINES = 20_000; // one each five seconds, 28 hours of them
const LINE_BYTES = 101;
const READ_BYTES = 10 * LINE_BYTES;

let folder: string;
let log: string;
let opened: Body[];

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'relaypass-pass-by-'));
  log = path.join(folder, 'mail.log');
  opened = [];
});
afterEach(() => {
  opened.forEach((body) => body.close());
  fs.rmSync(folder, { recursive: true });
});

/** After `i` others. */
function lineAt(i: number, at = NOW - (LINES - i) * STEP_MS): string {
  return `${`${at} mx ${i} `.padEnd(LINE_BYTES - 1, 'x')}\n`;
}

function writeLines(lines: readonly string[]): void {
  fs.writeFileSync(log, lines.join(''));
}

/** Lines up to now, but for those that `but` tells of. */
function history(but: (i: number) => string | undefined = () => undefined): string[] {
  return Array.from({ length: LINES }, (_, i) => but(i) ?? lineAt(i));
}

function stampOf(line: string): number | undefined {
  const [, stamp] = /^(\d+) mx /.exec(line) ?? [];
  return stamp === undefined ? undefined : Number(stamp);
}

function open(): Body {
  const body = openBody(log, 'plain');
  if (typeof body === 'string') throw new Error(body);
  opened.push(body);
  return body;
}

/** Which line comes next where ten were read. */
async function next(since = SINCE): Promise<number> {
  const body = open();
  const read = await fingerprintAt(body, READ_BYTES);
  const { offset } = await passBy(body, read, since, { stampOf, passByBytes: 1_000_000 });
  return offset / LINE_BYTES;
}

const FIRST_OF_USE = LINES - 360;
/** Lines from before it are read, of 70 minutes and of the last step of the search. */
const [SLACK, LAST_STEP] = [840, 700];

test('goes on before the first line that can be of use', async () => {
  writeLines(history());
  const line = await next();
  expect(line).toBeGreaterThanOrEqual(FIRST_OF_USE - SLACK - LAST_STEP);
  expect(line).toBeLessThan(FIRST_OF_USE - SLACK + 1);
});

test('reads a backlog that is small', async () => {
  writeLines(history().slice(-1_000_000 / LINE_BYTES));
  expect(await next()).toBe(10);
});

test.each([
  ['where lines have no stamp', (i: number) => (i % 10_000 < 300 ? lineAt(i).replace(/\d/, '-') : undefined)],
  ['where the first that comes is of use', (i: number) => (i === 20 ? lineAt(i, NOW) : undefined)],
  ['where stamps go back', (i: number) => lineAt(i, NOW - (i < LINES / 4 ? 2 : 28) * HOUR_MS + i)],
  ['of a device whose clock is always ahead', (i: number) => (i % 50 === 0 ? lineAt(i, NOW + HOUR_MS) : undefined)],
])('reads all %s', async (_, but) => {
  writeLines(history(but));
  expect(await next()).toBe(10);
});

test.each([-1000, -1, 1])(
  'a device whose clock is %i hours off, of which every other line is, moves no line that counts out of sight',
  async (off) => {
    writeLines(history((i) => (i % 2 === 0 ? lineAt(i, NOW - (LINES - i) * STEP_MS + off * HOUR_MS) : undefined)));
    const line = await next();
    expect(line).toBeLessThan(FIRST_OF_USE - SLACK + 1);
    expect(line).toBeGreaterThanOrEqual(FIRST_OF_USE - SLACK - LAST_STEP - Math.max(0, off) * 720);
  },
);

test('passes by no line that came before old ones which a host sent late', async () => {
  const [from, firstOfUse] = [15_000 - 100, LINES - 7200]; // where the search looks, of ten hours
  const since = NOW - 7200 * STEP_MS;
  const lateAt = since - (SLACK + 1) * STEP_MS;
  writeLines(history((i) => (i >= from && i < from + 500 ? lineAt(i, lateAt) : undefined)));
  const line = await next(since);
  expect(line).toBeLessThan(firstOfUse - SLACK + 1);
  expect(line).toBeGreaterThan(firstOfUse - SLACK - LAST_STEP);
});

test.each([
  ['truncated', () => fs.truncateSync(log)],
  ['cut in half', () => fs.truncateSync(log, (LINES * LINE_BYTES) / 2)],
  ['overwritten', () => writeLines(history((i) => lineAt(i, NOW)))],
])('a log that is %s meanwhile is known by what it held', async (_, change) => {
  for (let reads = 0, isOver = false; !isOver; reads += 1) {
    writeLines(history());
    const before = path.join(folder, 'before');
    fs.copyFileSync(log, before);
    const body = open();
    const read = await fingerprintAt(body, READ_BYTES);
    let left = reads;
    const changing: Body = {
      ...bodyOf(body),
      read: (position, length) => {
        if (left-- === 0) change();
        return body.read(position, length);
      },
    };
    const ahead = await passBy(changing, read, SINCE, { stampOf, passByBytes: 1_000_000 });
    isOver = left >= 0;
    const original = openBody(before, 'plain');
    if (typeof original === 'string') throw new Error(original);
    expect(await compare(ahead, original)).toBe('same');
    original.close();
  }
});

/** A body that can be spread. */
function bodyOf(body: Body): Body {
  return {
    inode: body.inode,
    kind: body.kind,
    damage: undefined,
    read: (position, length) => body.read(position, length),
    sizeBytes: () => body.sizeBytes(),
    isLinked: () => body.isLinked(),
    close: () => body.close(),
  };
}
