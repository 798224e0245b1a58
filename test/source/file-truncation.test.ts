/** Truncation, and whatever else happens to a log that has been quiet, case by case. */
import fs from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import type { LogSource } from '../../src/source/source.ts';
import { log, start, readAll, haveRead, kindsOf, append } from './log-place.ts';

describe('truncation', () => {
  test('finishes a copied and truncated log from its copy', async () => {
    const source = await haveRead('1\n');
    append('2\n');
    copytruncate();
    append('3\n');
    const seen = await readAll(source);
    expect(seen.text).toBe('2\n3\n');
    expect(seen.notices).toEqual([]);
  });

  test('reads a copy of a log of which nothing had been read', async () => {
    const source = await haveRead('');
    append('1\n');
    copytruncate();
    append('2\n');
    expect((await readAll(source)).text).toBe('1\n2\n');
  });

  test('reads a copy that was made, and its original truncated, between its two looks at the folder', async () => {
    const source = await haveRead('');
    append('1\n');
    const reading = source.read(); // it has looked, and is about to read
    copytruncate();
    append('2\n');
    const first = await reading;
    const text = first?.kind === 'lines' ? first.bytes.toString() : '';
    expect(text + (await readAll(source)).text).toBe('1\n2\n');
  });

  test.each(['same size', 'greater size'])(
    'notices a log that was written anew to the %s, and says so',
    async (size) => {
      const source = await haveRead('line 1\nline 2\n');
      fs.truncateSync(log);
      append(size === 'same size' ? 'line 3\nline 4\n' : 'line 3\nline 4\nline 5\n');
      const seen = await readAll(source);
      expect(seen.text).toMatch(/^line 3\nline 4\n/);
      expect(kindsOf(seen)).toEqual(['data-lost']);
    },
  );

  test('drops the rest of a line that a truncation has cut, for it might look like a login', async () => {
    const source = await haveRead('1\nNov 24 06:25:01 mx dovecot: user=<');
    copytruncate();
    append('Nov 24 06:25:01 mx dovecot: imap-login: Login: user=<a>\n2\n');
    expect((await readAll(source)).text).toBe('2\n');
  });

  test('keeps the first line after a copy which shows that no line was cut', async () => {
    const source = await haveRead('1\nbegun');
    append(' and ended\n');
    copytruncate();
    append('2\n');
    expect((await readAll(source)).text).toBe('begun and ended\n2\n');
  });

  test('passes by the hole that a truncated log has for a writer which does not append', async () => {
    const writer = fs.openSync(log, 'w');
    fs.writeSync(writer, `${'x'.repeat(50)}\n`.repeat(100_000));
    const source = await start();
    await readAll(source);
    fs.truncateSync(log);
    fs.writeSync(writer, 'after the hole\n');
    fs.closeSync(writer);
    expect((await readAll(source)).text).toBe('after the hole\n');
  });
});

describe('a log that nobody has written to for a while, which is only looked at', () => {
  const FIRST = 'a line\n';
  const NEXT = 'Another\n';

  test.each<[string, (old: number) => void, string]>([
    ['appended to', () => append(NEXT), NEXT],
    ['truncated and written anew', () => fs.writeFileSync(log, NEXT), NEXT],
    ['truncated and written anew in the same length', () => fs.writeFileSync(log, 'b line\n'), 'b line\n'],
    ['overwritten in place', (old) => fs.writeSync(old, 'b line\n', 0), 'b line\n'],
    ['renamed and created anew', () => (fs.renameSync(log, `${log}.1`), append(NEXT)), NEXT],
    [
      'renamed, written to and created anew',
      (old) => (fs.renameSync(log, `${log}.1`), fs.writeSync(old, 'late\n', FIRST.length), append(NEXT)),
      `late\n${NEXT}`,
    ],
    ['copied and truncated', () => (fs.copyFileSync(log, `${log}.1`), fs.truncateSync(log), append(NEXT)), NEXT],
    ['deleted and created anew in the same length', () => (fs.rmSync(log), append('b line\n')), 'b line\n'],
  ])('%s: nothing of it is missed', async (_, change, expected) => {
    append(FIRST);
    const source = await start();
    const old = fs.openSync(log, 'r+');
    expect((await readAll(source)).text).toBe(FIRST);
    await becomesQuiet(source);
    change(old);
    while (isNew()) await setImmediate();
    expect((await readAll(source)).text).toBe(expected);
    await becomesQuiet(source);
    append('last\n');
    expect((await readAll(source)).text).toBe('last\n');
    fs.closeSync(old);
  });

  test('costs no read', async () => {
    append(FIRST);
    const source = await start();
    await readAll(source);
    await becomesQuiet(source);
    const before = readCalls();
    for (let polls = 0; polls < 100; polls++) await source.read();
    expect(readCalls() - before).toBeLessThan(50); // other threads of this process read as well
  });
});

function isNew(): boolean {
  return Date.now() - fs.statSync(log).ctimeMs < 50;
}

function readCalls(): number {
  return Number(/^syscr: (\d+)/m.exec(fs.readFileSync('/proc/self/io', 'utf8'))?.[1]);
}

/** Polls when the last change is long past by the file system's clock. */
async function becomesQuiet(source: LogSource): Promise<void> {
  while (isNew()) await setImmediate();
  expect((await readAll(source)).text).toBe('');
}

/** As logrotate's `copytruncate` does. */
function copytruncate(): void {
  fs.copyFileSync(log, `${log}.1`);
  fs.truncateSync(log);
}
