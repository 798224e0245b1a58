/** Lines, logs that are not there, several logs, and waiting, case by case. */
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import type { LogSource } from '../../src/source/source.ts';
import { folder, log, start, readAll, haveRead, kindsOf, append, passTime } from './log-place.ts';
import { waitAtMost } from './wait-at-most.ts';

describe('lines', () => {
  test('keeps a line back until its end is written', async () => {
    append('whole\nha');
    const source = await start();
    expect((await readAll(source)).text).toBe('whole\n');
    append('lf\n');
    expect((await readAll(source)).text).toBe('half\n');
  });

  test('drops a line over the cap whole, however it is written, and says so', async () => {
    const source = await start();
    append('before\n');
    await readAll(source);
    append('x'.repeat(9000));
    const first = await readAll(source);
    append(`${'x'.repeat(9000)}\nafter\n${'y'.repeat(8192)}\n${'z'.repeat(8191)}\n`);
    const second = await readAll(source);
    expect(second.text).toBe(`after\n${'z'.repeat(8191)}\n`);
    expect([...kindsOf(first), ...kindsOf(second)]).toEqual(['line-too-long', 'line-too-long']);
  });

  test('goes on inside a line over the cap after a restart', async () => {
    append(`before\n${'x'.repeat(9000)}`);
    const { checkpoint } = await readAll(await start());
    append(' imap-login: Login: user=<a>\nafter\n');
    expect((await readAll(await start({ checkpoint }))).text).toBe('after\n');
  });

  test('gives bytes that are no UTF-8 as they are', async () => {
    fs.writeFileSync(log, Buffer.from([0xff, 0x00, 0xfe, 10]));
    const batch = await (await start()).read();
    expect(batch?.kind === 'lines' && [...batch.bytes]).toEqual([0xff, 0x00, 0xfe, 10]);
  });
});

describe('logs that are not there', () => {
  test('waits for a log in a folder that does not exist, and tells once of its absence and its coming', async () => {
    const file = path.join(folder, 'later', 'mail.log');
    const source = await start({ file });
    expect(kindsOf(await readAll(source))).toEqual(['log-missing']);
    expect(kindsOf(await readAll(source))).toEqual([]);
    fs.mkdirSync(path.dirname(file));
    append('1\n', file);
    const seen = await readAll(source);
    expect(seen.text).toBe('1\n');
    expect(kindsOf(seen)).toEqual(['log-back']);
  });

  test('makes no fuss about the seconds that a rotation takes', async () => {
    const source = await haveRead('1\n');
    fs.renameSync(log, `${log}.1`);
    passTime(5000);
    expect(kindsOf(await readAll(source))).toEqual([]);
    passTime(5001);
    expect(kindsOf(await readAll(source))).toEqual([]);
    passTime(10_000);
    expect(kindsOf(await readAll(source))).toEqual(['log-missing']);
  });

  test('reads a log on when it gets the permission', async () => {
    append('1\n');
    fs.chmodSync(folder, 0o755);
    fs.chmodSync(log, 0o000);
    await asNobody(async () => {
      const source = await start();
      expect(kindsOf(await readAll(source))).toEqual(['log-unreadable']);
      asRoot(() => fs.chmodSync(log, 0o644));
      expect((await readAll(source)).text).toBe('1\n');
    });
  });

  test('refuses a log that is no file, since waiting would not help', async () => {
    fs.mkdirSync(log);
    await expect((await start()).read()).rejects.toMatchObject({ code: 'log-not-a-file', exitStatus: 78 });
  });
});

describe('several logs', () => {
  test('follows all logs that a pattern means, and takes no rotated file for a log', async () => {
    const file = path.join(folder, 'dovecot*');
    append('a\n', path.join(folder, 'dovecot.log'));
    const source = await start({ file });
    expect((await readAll(source)).text).toBe('a\n');
    fs.renameSync(path.join(folder, 'dovecot.log'), path.join(folder, 'dovecot.log.1'));
    append('b\n', path.join(folder, 'dovecot.log'));
    append('c\n', path.join(folder, 'dovecot-info.log'));
    append('other\n', path.join(folder, 'postfix.log'));
    const seen = await readAll(source);
    expect(seen.text.split('\n').toSorted()).toEqual(['', 'b', 'c']);
    append('d\n', path.join(folder, 'dovecot-info.log'));
    expect((await readAll(await start({ file, checkpoint: seen.checkpoint }))).text).toBe('d\n');
  });

  test('lets no busy log keep another one waiting', async () => {
    const [busy, quiet] = [path.join(folder, 'a.log'), path.join(folder, 'b.log')];
    append(`${'x'.repeat(99)}\n`.repeat(50_000), busy);
    append('quiet\n', quiet);
    const source = await start({ file: path.join(folder, '*.log') });
    const batches = [await source.read(), await source.read()];
    expect(batches.map((batch) => batch?.kind === 'lines' && batch.bytes.toString())).toContain('quiet\n');
  });
});

describe('waiting', () => {
  const NEVER_MS = 600_000;

  test('wakes when the log is written to', async () => {
    append('1\n');
    const source = await start({ options: { watch: true, pollMs: NEVER_MS } });
    await readAll(source);
    const limit = AbortSignal.timeout(20_000);
    let text = '';
    while (!text.includes('2\n') && !limit.aborted) {
      append('2\n'); // again and again: the watch may not have begun yet
      await waitAtMost(source, 500);
      text += (await readAll(source)).text;
    }
    expect(limit.aborted).toBe(false);
    for (const line of ['3\n', '4\n', '5\n']) await expectWakes(source, line, limit);
  }, 30_000);

  test('looks by itself where nothing wakes it', async () => {
    const source = await start({ options: { pollMs: 1 } });
    await source.wait(new AbortController().signal);
    append('1\n');
    expect((await readAll(source)).text).toBe('1\n');
  });

  test('looks at the log less often until the watch has missed a change', async () => {
    append('1\n');
    const source = await start({ options: { watch: true } });
    const limit = AbortSignal.timeout(20_000);
    while (!(await sleepsOn(source)) && !limit.aborted); // of its beginning it is told
    append('2\n');
    await source.wait(limit);
    while (!(await sleepsOn(source)) && !limit.aborted); // and of what was written
    fs.renameSync(log, `${log}.1`);
    while (!(await sleepsOn(source)) && !limit.aborted); // of the rename it is told
    append('3\n', `${log}.1`); // and of that name's changes it is not
    await source.wait(limit);
    expect((await readAll(source)).text).toBe('3\n');
    expect(limit.aborted).toBe(false);
    expect(await sleepsOn(source)).toBe(false);
  }, 30_000);

  test('stops waiting when told to', async () => {
    const source = await start({ options: { pollMs: NEVER_MS } });
    const abort = new AbortController();
    const waiting = source.wait(abort.signal);
    abort.abort();
    await waiting;
  });
});

/** Whether it has nothing to read, and lets several of the shorter intervals pass before it looks again. */
async function sleepsOn(source: LogSource): Promise<boolean> {
  await readAll(source);
  const stop = new AbortController();
  const looks = source.wait(stop.signal).then(() => false);
  const sleeps = await Promise.race([looks, setTimeout(700, true)]); // of two timers the earlier fires first, however late
  stop.abort();
  await looks;
  return sleeps;
}

async function expectWakes(source: LogSource, line: string, limit: AbortSignal): Promise<void> {
  append(line);
  for (let text = ''; !text.includes(line); text += (await readAll(source)).text) {
    await source.wait(limit);
    expect(limit.aborted).toBe(false);
  }
}

/** Gives up root's right to read everything for a while, where the tests run as root. */
async function asNobody(work: () => Promise<void>): Promise<void> {
  if (process.geteuid?.() !== 0) return work();
  process.seteuid?.(65_534);
  try {
    await work();
  } finally {
    process.seteuid?.(0);
  }
}

function asRoot(work: () => void): void {
  const uid = process.geteuid?.() ?? 0;
  if (process.getuid?.() === 0) process.seteuid?.(0);
  work();
  if (process.getuid?.() === 0) process.seteuid?.(uid);
}
