import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { createLog } from '../src/log.ts';
import { Voucher } from '../src/voucher.ts';
import { canNotify, NotifySocket } from './notify-socket.ts';
import { TestHost, until } from './relaypass-process.ts';
import { tempDir } from './temp-dir.ts';

const UNIT = readFileSync('systemd/relaypass-sweep.service', 'utf8');
const SHELLS = ['/bin/sh', '/bin/dash', '/bin/bash'].filter((shell) => existsSync(shell)); // each is some system's sh
const withNotify = canNotify ? test : test.skip;

test('the sweep is skipped while the daemon vouches for the maps', () => {
  const folder = tempDir();
  new Voucher({ RUNTIME_DIRECTORY: `${folder}:/run/other` }, quiet()).vouch();
  expect(sweeps({ folder })).toBe(false);
});

test.each([
  ['the word has run out', 'vouched.100.120', '120.00 99.00'],
  ['it is from another boot', 'vouched.5000.5020', '100.00'],
  ['it has no time', 'vouched.', '100.00'],
  ['it is half a word', 'vouched.100', '100.00'],
  ['it is no word', 'vouched.x $(exit) .*', '100.00'],
  ['it is too large a number', 'vouched.0.99999999999999999999999', '100.00'],
  ['nobody knows the time since boot', 'vouched.0.9999', ''],
])('the sweep runs when %s', (_, vouched, uptime) => {
  expect(sweeps({ folder: folderWith(vouched), uptime })).toBe(true);
});

test('the sweep runs when there is no word', () => {
  expect(sweeps({ folder: tempDir() })).toBe(true);
});

test.each(['100.00', '119.99'])('the sweep is skipped at %s of a word from 100 to 120', (uptime) => {
  expect(sweeps({ folder: folderWith('vouched.100.120'), uptime })).toBe(false);
});

test('a word and the timer together leave less than a minute', () => {
  const folder = tempDir();
  new Voucher({ RUNTIME_DIRECTORY: folder }, quiet(), () => 100.9).vouch();
  const holdsUntil = Number(/^vouched\.100\.(\d+)$/.exec(vouchedIn(folder)[0] ?? '')?.[1]);
  const timer = readFileSync('systemd/relaypass-sweep.timer', 'utf8');
  const everyS = Number(/^OnCalendar=\*:\*:00\/(\d+)$/m.exec(timer)?.[1]);
  expect(holdsUntil - 100 + everyS).toBeLessThan(60);
});

test('there is one word at a time, and one that somebody has removed is given anew', () => {
  const folder = tempDir();
  let uptime = 100;
  const voucher = new Voucher({ RUNTIME_DIRECTORY: folder }, quiet(), () => uptime++);
  voucher.vouch();
  voucher.vouch();
  expect(vouchedIn(folder)).toEqual([expect.stringMatching(/^vouched\.101\./)]);
  rmSync(path.join(folder, vouchedIn(folder)[0] ?? ''));
  voucher.vouch();
  voucher.vouch();
  expect(vouchedIn(folder)).toEqual([expect.stringMatching(/^vouched\.103\./)]);
});

test('nothing is written where systemd has made no folder', () => {
  expect(() => new Voucher({}, quiet()).vouch()).not.toThrow();
});

test('a folder that cannot be written is told, once', () => {
  const said: string[] = [];
  const voucher = new Voucher({ RUNTIME_DIRECTORY: path.join(tempDir(), 'gone') }, quiet(said));
  voucher.vouch();
  voucher.vouch();
  expect(said.join('')).toMatch(/^warn: could not vouch for the maps, so that the sweep runs too reason=.*\n$/);
});

withNotify('the daemon vouches while its maps are true, and not while one cannot be published', async () => {
  const systemd = new NotifySocket();
  await systemd.listen();
  const host = new TestHost();
  const folder = tempDir();
  const maps = path.join(host.dir, 'maps');
  mkdirSync(maps);
  host.configure(`[[map]]\nmta = "none"\ntype = "text"\npath = "${maps}/relay"\n`);
  const env = { RUNTIME_DIRECTORY: folder, NOTIFY_SOCKET: systemd.path, WATCHDOG_USEC: '100000' };
  const daemon = await host.startDaemon(env);
  await until(() => vouchedIn(folder).length === 1, 'its word');
  expect(sweeps({ folder })).toBe(false);
  rmSync(maps, { recursive: true });
  host.login('alice', '198.51.100.7');
  await until(() => daemon.said('map was not published'), 'the failure');
  const [word] = vouchedIn(folder);
  const beats = systemd.told.length;
  await until(() => systemd.told.length >= beats + 3, 'three beats');
  expect(vouchedIn(folder)).toEqual([word]);
  mkdirSync(maps);
  await until(() => vouchedIn(folder)[0] !== word, 'its word when the map is published again');
});

/** Runs the unit's ExecCondition as systemd does, with another folder, and another time since boot if given. */
function sweeps({ folder, uptime }: { folder: string; uptime?: string }): boolean {
  const line = /^ExecCondition=\+\/bin\/sh -c '([^']*)'$/m.exec(UNIT.replaceAll('\\\n', ''))?.[1] ?? '';
  const script = line.replaceAll('$$', '$').replaceAll('/run/relaypass', folder);
  const clock = path.join(tempDir(), 'uptime');
  writeFileSync(clock, uptime ?? '');
  const timed = uptime === undefined ? script : script.replace('/proc/uptime', clock);
  const [status, ...others] = SHELLS.map((shell) => spawnSync(shell, ['-c', timed], { cwd: '/' }).status);
  expect([0, 1]).toContain(status);
  for (const other of others) expect(other).toBe(status);
  return status === 0;
}

function vouchedIn(folder: string): string[] {
  return readdirSync(folder).filter((name) => name.startsWith('vouched.'));
}

function folderWith(vouched: string): string {
  const folder = tempDir();
  writeFileSync(path.join(folder, vouched), '');
  return folder;
}

function quiet(lines: string[] = []) {
  return createLog({ write: (line) => lines.push(line), priorities: false });
}
