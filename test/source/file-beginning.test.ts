/** Where a source begins to read, case by case. */
import fs from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import type { Checkpoint } from '../../src/source/source.ts';
import { log, now, start, readAll, kindsOf, append, passTime } from './log-place.ts';

describe('beginning', () => {
  const HOUR_MS = 3_600_000;

  test('reads back as far as asked, and not the whole history', async () => {
    append(history(200_000)); // 55 hours
    const { text } = await readAll(await start({ since: now - HOUR_MS, options: { stampOf } }));
    const lines = text.split('\n').slice(0, -1);
    expect(lines.length).toBeGreaterThanOrEqual(3600);
    expect(lines.length).toBeLessThan(10_000);
    expect(lines.every((line) => stampOf(line) !== undefined)).toBe(true);
  });

  test('reads all of a log whose time stamps are not in order', async () => {
    const lines = history(100_000).split('\n').slice(0, -1);
    append(`${[...lines.slice(50_000), ...lines.slice(0, 50_000)].join('\n')}\n`);
    const { text } = await readAll(await start({ since: now - HOUR_MS, options: { stampOf } }));
    expect(text.split('\n')).toHaveLength(100_001);
  });

  test.each([
    ['few', 40],
    ['many', 40_000],
  ])('takes no login of a year ago for one of now, in a log of %s lines', async (_, count) => {
    const [from, until] = [now - 400 * 24 * HOUR_MS, now];
    const instants = Array.from({ length: count }, (__, i) => from + ((until - from) * i) / count);
    instants.push(...Array.from({ length: 40 }, (__, i) => now - 365 * 24 * HOUR_MS + (i - 20) * 60_000), now - 60_000);
    append(
      instants
        .toSorted((a, b) => a - b)
        .map(yearlessLine)
        .join(''),
    );
    const { text } = await readAll(await start({ since: now - HOUR_MS, options: { stampOf: yearlessStampOf } }));
    const lines = text.split('\n').slice(0, -1);
    expect(lines.at(-1)).toContain(`was ${now - 60_000}`);
    expect(lines.filter((line) => Number(/was (\d+)/.exec(line)?.[1]) < now - 364 * 24 * HOUR_MS)).toEqual([]);
  });

  test('loses no line before one of a device whose clock was reset', async () => {
    append(`${history(10)}0 reset\n${now} last\n`);
    const { text } = await readAll(await start({ since: now - HOUR_MS, options: { stampOf } }));
    expect(text.split('\n')).toHaveLength(13);
  });

  test.each([1, 500])(
    'a first start loses no line before %i of a device whose clock was reset this year',
    async (count) => {
      const newYear = new Date(new Date(now).getFullYear(), 0, 1).getTime();
      const reset = Array.from({ length: count }, (_, i) => `${newYear + i} reset\n`).join('');
      append(`${history(40)}${reset}${now} last\n`);
      const { text } = await readAll(await start({ since: now - HOUR_MS, options: { stampOf } }));
      expect(text.split('\n')).toHaveLength(42 + count);
    },
  );

  test('after an outage passes by what is too old to be of use, of a rotated file too, and says so', async () => {
    const passByBytes = 1_000_000;
    append(`${now - 50 * HOUR_MS} seen\n${'x'.repeat(9000)}`); // a line over the cap
    const { checkpoint } = await readAll(await start());
    const first = `\n${history(100_000)}`;
    append(first);
    fs.renameSync(log, `${log}.1`);
    append(`${now} next\n`);
    const source = await start({ checkpoint, since: now - HOUR_MS, options: { stampOf, passByBytes } });
    const { text, notices, checkpoint: later } = await readAll(source);
    expect(text.endsWith(`${now} next\n`)).toBe(true);
    expect(text.split('\n').length).toBeLessThan(10_000);
    const [notice, ...others] = notices;
    expect(others).toEqual([]);
    const [, bytes] = /mail.log.1: (\d+) bytes from before .*Z/.exec(notice?.detail ?? '') ?? [];
    expect(notice?.kind).toBe('passed-by');
    expect(Number(bytes) + text.length).toBe(first.length + `${now} next\n`.length);
    append('more\n');
    expect((await readAll(await start({ checkpoint: later }))).text).toBe('more\n');
  });

  test('says what it leaves unread of a rotated file that is too old', async () => {
    append('1\n');
    const { checkpoint } = await readAll(await start());
    append('22\n');
    fs.renameSync(log, `${log}.1`);
    fs.utimesSync(`${log}.1`, new Date(now - 2 * HOUR_MS), new Date(now - 2 * HOUR_MS));
    append('3\n');
    const { text, notices } = await readAll(await start({ checkpoint, since: now - HOUR_MS }));
    expect(text).toBe('3\n');
    expect(notices).toEqual([
      expect.objectContaining({ kind: 'passed-by', detail: expect.stringContaining('.1: 3 bytes') }),
    ]);
  });

  test('begins in the rotated file where that was written to since', async () => {
    append('old\n', `${log}.2`);
    fs.utimesSync(`${log}.2`, new Date(now - 5 * HOUR_MS), new Date(now - 5 * HOUR_MS));
    append('before rotation\n', `${log}.1`);
    append('after\n');
    expect((await readAll(await start({ since: now - HOUR_MS }))).text).toBe('before rotation\nafter\n');
  });

  test('reads what was rotated twice while the process was stopped for longer than asked at its start', async () => {
    append('1\n');
    const source = await start({ since: now - HOUR_MS });
    await readAll(source);
    append('2\n');
    fs.renameSync(log, `${log}.2`);
    append('3\n', `${log}.1`);
    passTime(3 * HOUR_MS); // the files are of the first of them
    append('4\n');
    expect((await readAll(source)).text).toBe('2\n3\n4\n');
  });

  test('begins anew where the stored position is damaged, and says so', async () => {
    append('1\n');
    const { checkpoint } = await readAll(await start());
    const damaged = JSON.parse(JSON.stringify(checkpoint).replace('"offset":2', '"offset":-2'));
    const seen = await readAll(await start({ checkpoint: damaged }));
    expect(seen.text).toBe('1\n');
    expect(kindsOf(seen)).toEqual(['data-lost']);
  });

  test('reads the rest after any batch, once', async () => {
    const lines = Array.from({ length: 40_000 }, (_, i) => `line ${i} ${'x'.repeat(60)}\n`);
    append(lines.slice(0, 20_000).join(''), `${log}.1`);
    append(lines.slice(20_000).join(''));
    const source = await start();
    const checkpoints: (Checkpoint | undefined)[] = [undefined];
    const before = [''];
    for (let batch = await source.read(); batch !== undefined; batch = await source.read()) {
      checkpoints.push(batch.checkpoint);
      before.push(`${before.at(-1)}${batch.kind === 'lines' ? batch.bytes.toString() : ''}`);
    }
    expect(checkpoints.length).toBeGreaterThan(3);
    for (const [i, checkpoint] of checkpoints.entries()) {
      expect(`${before[i]}${(await readAll(await start({ checkpoint }))).text}` === lines.join('')).toBe(true);
    }
  });
});

function stampOf(line: string): number | undefined {
  const [, stamp] = /^(\d+) /.exec(line) ?? [];
  return stamp === undefined ? undefined : Number(stamp);
}

const YEAR_MS = 365 * 86_400_000;

/** A line whose stamp says the instant but for its year. */
function yearlessLine(at: number): string {
  return `${Math.floor(at % YEAR_MS)} was ${Math.floor(at)} ${'x'.repeat(80)}\n`;
}

/** The last instant that such a line may mean, up to a day ahead. */
function yearlessStampOf(line: string): number | undefined {
  const ofYear = stampOf(line);
  const latest = now + 86_400_000;
  return ofYear === undefined ? undefined : latest - ((latest - ofYear) % YEAR_MS);
}

/** `count` lines, one a second, up to now. */
function history(count: number): string {
  return Array.from({ length: count }, (_, i) => `${now - (count - i) * 1000} ${'x'.repeat(80)}\n`).join('');
}
