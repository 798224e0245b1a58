/**
 * The kernel refuses: strace makes system calls on the log fail in a real process, which must end with a failure and
 * lose nothing when it is started again. Skipped where strace cannot trace.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';

const READER = path.join(import.meta.dirname, '../bench/follow-reader.js');
const canTrace = spawnSync('strace', ['-o', '/dev/null', 'true']).status === 0;
const LINES = 50_000;

let folder: string;
let log: string;
let out: string;
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'relaypass-faults-'));
  log = path.join(folder, 'mail.log');
  out = path.join(folder, 'out');
  const lines = Array.from({ length: LINES }, (_, i) => `Nov 24 06:25:01 mx dovecot: ${'x'.repeat(60)} n=${i}\n`);
  fs.writeFileSync(log, lines.join(''));
  fs.writeFileSync(out, '');
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

function readWith(inject: string): { status: number | null; stderr: string } {
  const trace = ['-f', '-qq', '-o', '/dev/null', '-P', log, '-e', `inject=${inject}`];
  const args = [...trace, process.execPath, READER, 'relaypass', log, out];
  return spawnSync('strace', args, { encoding: 'utf8', timeout: 30_000 });
}

async function readAll(): Promise<void> {
  const reader = spawn(process.execPath, [READER, 'relaypass', log, out], { stdio: 'ignore' });
  const closed = once(reader, 'close');
  for (let tries = 0; numbersRead().length < LINES && tries < 300; tries += 1) await sleep(100);
  reader.kill('SIGKILL');
  await closed;
}

function numbersRead(): number[] {
  const lines = fs.readFileSync(out, 'utf8').split('\n');
  return lines.flatMap((line) => (line.includes('\t') ? line.slice(0, line.indexOf('\t')).split(' ').map(Number) : []));
}

(canTrace ? test : test.skip).each([
  ['a read fails with EIO', 'pread64:error=EIO:when=4'],
  ['there is no descriptor left (EMFILE)', 'openat:error=EMFILE:when=1'],
  ['the log cannot be looked at (EIO)', 'statx:error=EIO:when=3'],
])(
  'ends when %s, and its next start goes on where it was',
  async (_, inject) => {
    const { status, stderr } = readWith(inject);
    expect(status).toBeGreaterThan(0);
    expect(stderr).toMatch(/cannot read .*mail\.log/);
    expect(numbersRead().length).toBeLessThan(LINES);
    await readAll();
    expect(numbersRead()).toEqual(Array.from({ length: LINES }, (_unused, i) => i));
  },
  60_000,
);
