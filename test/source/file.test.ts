/** What the guarantee of source/file.ts means in each case, one by one; file.property.test.ts mixes them. */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createFileSource, type FileSourceOptions } from '../../src/source/file.ts';
import type { Checkpoint, LogSource, Notice } from '../../src/source/source.ts';
import { waitAtMost } from './wait-at-most.ts';

let folder: string;
let log: string;
let now: number;
let open: LogSource[];

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'relaypass-file-'));
  log = path.join(folder, 'mail.log');
  now = Date.now();
  open = [];
});
afterEach(async () => {
  for (const source of open) await source.stop();
  fs.rmSync(folder, { recursive: true });
});

interface Started {
  readonly checkpoint?: Checkpoint | undefined;
  readonly since?: number;
  readonly file?: string;
  readonly options?: Partial<FileSourceOptions>;
}

async function start({ checkpoint, since = 0, file = log, options }: Started = {}): Promise<LogSource> {
  const source = createFileSource(file, { clock: () => now, watch: false, ...options });
  open.push(source);
  await source.start(checkpoint, since);
  return source;
}

interface Seen {
  text: string;
  readonly notices: Notice[];
  checkpoint: Checkpoint | undefined;
}

/** Everything there is to read now. */
async function readAll(source: LogSource): Promise<Seen> {
  const seen: Seen = { text: '', notices: [], checkpoint: undefined };
  for (let batch = await source.read(); batch !== undefined; batch = await source.read()) {
    if (batch.kind === 'lines') seen.text += batch.bytes.toString();
    seen.notices.push(...batch.notices);
    seen.checkpoint = batch.checkpoint;
  }
  return seen;
}

/** A source that has read `text`, all of the log. */
async function haveRead(text: string): Promise<LogSource> {
  append(text);
  const source = await start();
  await readAll(source);
  return source;
}

/** As logrotate's `copytruncate` does. */
function copytruncate(): void {
  fs.copyFileSync(log, `${log}.1`);
  fs.truncateSync(log);
}

const kindsOf = ({ notices }: Seen) => notices.map(({ kind }) => kind);
const append = (text: string, file = log) => fs.appendFileSync(file, text);

describe('rotation', () => {
  test('keeps the last lines of a renamed file, also those written after the new one was created', async () => {
    const source = await haveRead('1\n');
    const writer = fs.openSync(log, 'a');
    fs.renameSync(log, `${log}.1`);
    append('3\n');
    fs.writeSync(writer, '2\n');
    fs.closeSync(writer);
    expect((await readAll(source)).text).toBe('2\n3\n');
  });

  test('reads every file of two rotations between two polls', async () => {
    const source = await haveRead('1\n');
    append('2\n');
    fs.renameSync(log, `${log}.1`);
    append('3\n');
    fs.renameSync(`${log}.1`, `${log}.2`);
    fs.renameSync(log, `${log}.1`);
    append('4\n');
    expect((await readAll(source)).text).toBe('2\n3\n4\n');
  });

  test('reads what was rotated while it was down from the oldest to the newest', async () => {
    append('0\n');
    const { checkpoint } = await readAll(await start());
    fs.renameSync(log, `${log}-20261101`);
    ['-20261102', '-20261110', '.11', '.10', '.9', '.2', '.1', ''].forEach((name, i) =>
      append(`${i + 1}\n`, log + name),
    );
    expect((await readAll(await start({ checkpoint }))).text).toBe('1\n2\n3\n4\n5\n6\n7\n8\n');
  });

  test('keeps a renamed file in which a line has just begun, however long the writer was silent before', async () => {
    const source = await haveRead('one\n');
    fs.renameSync(log, `${log}.1`);
    append('two\n');
    expect((await readAll(source)).text).toBe('two\n');
    now += 70_000;
    append('thr', `${log}.1`);
    expect(await readAll(source)).toMatchObject({ text: '', notices: [] });
    append('ee\n', `${log}.1`);
    expect((await readAll(source)).text).toBe('three\n');
  });

  test('lets a renamed file go when the writer has been silent in it for a minute', async () => {
    const source = await haveRead('1\n');
    fs.renameSync(log, `${log}.1`);
    append('2\n');
    await readAll(source);
    expect(openLogs()).toBe(2);
    now += 59_000;
    await readAll(source);
    expect(openLogs()).toBe(2);
    now += 2000;
    await readAll(source);
    expect(openLogs()).toBe(1);
  });

  test('holds a deleted log that nothing replaces for an hour after its last line', async () => {
    const source = await haveRead('1\n');
    const writer = fs.openSync(log, 'a');
    fs.unlinkSync(log);
    now += 3_500_000;
    fs.writeSync(writer, '2\n');
    fs.closeSync(writer);
    expect((await readAll(source)).text).toBe('2\n');
    now += 3_700_000;
    await readAll(source);
    expect(openLogs()).toBe(0);
  });

  test('goes on in a compressed file after a restart', async () => {
    append('1\n2\n');
    const { checkpoint } = await readAll(await start());
    append('3\n');
    fs.writeFileSync(`${log}.2.gz`, gzipSync(fs.readFileSync(log)));
    fs.writeFileSync(log, '5\n');
    fs.writeFileSync(`${log}.1`, '4\n');
    expect((await readAll(await start({ checkpoint }))).text).toBe('3\n4\n5\n');
  });

  test('reads a file once that was compressed and deleted after it was opened and before it was read', async () => {
    const source = await haveRead('1\n');
    append('2\n');
    fs.renameSync(log, `${log}.1`);
    append('3\n');
    await source.read(); // of the old one; the new one is open
    fs.renameSync(`${log}.1`, `${log}.2`);
    fs.writeFileSync(`${log}.1.gz`, gzipSync(fs.readFileSync(log)));
    fs.unlinkSync(log);
    append('4\n');
    expect((await readAll(source)).text).toBe('3\n4\n');
  });

  test('reads big compressed files in bounded batches', async () => {
    const lines = Array.from({ length: 60_000 }, (_, i) => `line ${i} ${'x'.repeat(40)}\n`).join('');
    fs.writeFileSync(`${log}.1.gz`, gzipSync(lines));
    append('last\n');
    const source = await start();
    const sizes = [];
    let text = '';
    for (let batch = await source.read(); batch !== undefined; batch = await source.read()) {
      if (batch.kind === 'lines') sizes.push(batch.bytes.length);
      if (batch.kind === 'lines') text += batch.bytes.toString();
    }
    expect(text).toBe(`${lines}last\n`);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(1_048_576);
  });

  test('tells of a compressed file that was cut short, after giving what it holds', async () => {
    const lines = Array.from({ length: 5000 }, (_, i) => `line ${i * i}\n`).join('');
    const compressed = gzipSync(lines);
    fs.writeFileSync(`${log}.1.gz`, compressed.subarray(0, compressed.length - 100));
    append('last\n');
    const seen = await readAll(await start());
    expect(seen.text).toMatch(/^line 0\n/);
    expect(kindsOf(seen)).toContain('data-lost');
  });

  test('tells of lines that went into a file which only another program can decompress', async () => {
    append('1\n');
    const { checkpoint } = await readAll(await start());
    fs.renameSync(log, `${log}.1.xz`);
    append('2\n');
    const seen = await readAll(await start({ checkpoint }));
    expect(seen.text).toBe('2\n');
    expect(seen.notices).toMatchObject([{ kind: 'data-lost', detail: expect.stringContaining('mail.log.1.xz') }]);
  });

  test('follows a log whose symbolic link is switched to another file', async () => {
    const [first, second] = [path.join(folder, 'a'), path.join(folder, 'b')];
    append('1\n', first);
    fs.symlinkSync(first, log);
    const source = await start();
    await readAll(source);
    append('2\n', first);
    append('3\n', second);
    fs.unlinkSync(log);
    fs.symlinkSync(second, log);
    expect((await readAll(source)).text).toBe('2\n3\n');
  });
});

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
    now += 3 * HOUR_MS; // the files are of the first of them
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
    now += 5000;
    expect(kindsOf(await readAll(source))).toEqual([]);
    now += 5001;
    expect(kindsOf(await readAll(source))).toEqual([]);
    now += 10_000;
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

  test('looks at the log less often while the watch tells of each change, and not when it has missed one', async () => {
    append('1\n');
    const source = await start({ options: { watch: true } });
    const limit = AbortSignal.timeout(20_000);
    while (!(await sleepsOn(source)) && !limit.aborted) {
      append('2\n'); // again and again: the watch may not have begun yet
      await source.wait(limit);
    }
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

function openLogs(): number {
  const targets = fs.readdirSync('/proc/self/fd').map((fd) => {
    try {
      return fs.readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return ''; // the descriptor of the listing itself
    }
  });
  return targets.filter((target) => target.startsWith(folder)).length;
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
