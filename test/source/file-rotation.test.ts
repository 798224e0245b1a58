/** Rotation, case by case: what the guarantee of source/file.ts means there; file.property.test.ts mixes the cases. */
import fs from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { folder, log, start, readAll, haveRead, kindsOf, append, passTime } from './log-place.ts';

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
    passTime(70_000);
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
    passTime(59_000);
    await readAll(source);
    expect(openLogs()).toBe(2);
    passTime(2000);
    await readAll(source);
    expect(openLogs()).toBe(1);
  });

  test('holds a deleted log that nothing replaces for an hour after its last line', async () => {
    const source = await haveRead('1\n');
    const writer = fs.openSync(log, 'a');
    fs.unlinkSync(log);
    passTime(3_500_000);
    fs.writeSync(writer, '2\n');
    fs.closeSync(writer);
    expect((await readAll(source)).text).toBe('2\n');
    passTime(3_700_000);
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
