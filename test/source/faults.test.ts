/**
 * The kernel refuses: strace makes system calls of the real daemon fail, on the log and on its store. It must end with a
 * failure, and its next start must lose nothing and grant nothing twice. Skipped where strace cannot trace.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, existsSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { CLI, loginLine, TestHost, until } from '../relaypass-process.ts';

const canTrace = spawnSync('strace', ['-o', '/dev/null', 'true']).status === 0;
const LOGINS = 3000;
const BEFORE = 1000; // of them are in the store when the fault comes
const OTHER = `${'x'.repeat(200)}\n`.repeat(3); // so that what is left takes several reads

async function hostWithLogins(): Promise<TestHost> {
  const host = new TestHost();
  const lines = Array.from({ length: LOGINS }, (_, i) => {
    return loginLine(`u${i}`, `198.51.${100 + (i >> 8)}.${i & 255}`) + OTHER;
  });
  appendFileSync(host.log, lines.slice(0, BEFORE).join(''));
  const daemon = await host.startDaemon();
  await until(() => host.permitted().length === BEFORE, 'the first logins to permit');
  await daemon.end('SIGTERM');
  appendFileSync(host.log, lines.slice(BEFORE).join(''));
  return host;
}

function runWith(host: TestHost, file: string, inject: string): { status: number | null; stderr: string } {
  const trace = ['-f', '-qq', '-o', '/dev/null', '-P', file, '-e', `inject=${inject}`];
  const daemon = [process.execPath, CLI, 'run', '--config', host.configFile];
  return spawnSync('strace', [...trace, ...daemon], { encoding: 'utf8', timeout: 60_000 });
}

function loginsIn(host: TestHost): number {
  return host.run('list', '--jsonl').stdout.split('\n').length - 1;
}

(canTrace ? test : test.skip).each([
  ['a read of the log fails with EIO', 'log', 'pread64:error=EIO:when=4', /cannot read .*mail\.log/],
  ['there is no descriptor left for the log (EMFILE)', 'log', 'openat:error=EMFILE:when=1', /cannot read .*mail\.log/],
  ['the log cannot be looked at (EIO)', 'log', 'statx:error=EIO:when=3', /cannot read .*mail\.log/],
  ['the disk of the store is full (ENOSPC)', 'store', 'pwrite64,pwritev,writev:error=ENOSPC:when=13+', /store/],
  ['the store cannot be written (EIO)', 'store', 'fdatasync,msync,fsync:error=EIO:when=4+', /store/],
] as const)(
  'ends when %s, and its next start goes on where it was',
  async (_, what, inject, message) => {
    const host = await hostWithLogins();
    const { status, stderr } = runWith(host, what === 'log' ? host.log : path.join(host.store, 'data.mdb'), inject);
    expect(status).toBeGreaterThan(0);
    expect(stderr).toMatch(message);
    const kept = loginsIn(host);
    expect(kept).toBeGreaterThanOrEqual(BEFORE);
    expect(kept).toBeLessThan(LOGINS);
    const daemon = await host.startDaemon();
    await until(() => host.permitted().length === LOGINS, 'all logins to permit');
    const granted = () => daemon.stderr.match(/^granted /gm)?.length ?? 0;
    await until(() => granted() >= LOGINS - kept, 'the daemon to tell of them');
    expect(granted()).toBe(LOGINS - kept);
  },
  120_000,
);

(canTrace ? test : test.skip).each(['EMFILE', 'ENOSPC'])(
  'goes on by looking where inotify has run out (%s)',
  async (errno) => {
    const host = new TestHost();
    const trace = ['-D', '-f', '-qq', '-o', '/dev/null', '-e', `inject=inotify_init1,inotify_add_watch:error=${errno}`];
    const args = [...trace, process.execPath, CLI, 'run', '--config', host.configFile];
    const daemon = spawn('strace', args, { stdio: 'ignore' }); // with -D it becomes the daemon
    const exited = once(daemon, 'exit');
    try {
      host.login('alice', '198.51.100.7');
      await until(() => existsSync(host.map) && host.permitted().length === 1, 'the login before');
      host.login('bob', '198.51.100.8');
      await host.untilPermitted('198.51.100.7', '198.51.100.8');
      expect(daemon.exitCode).toBeNull();
    } finally {
      daemon.kill('SIGTERM');
      await exited;
    }
  },
  120_000,
);
