import { copyFileSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import * as z from 'zod';
import { screenOf } from '../pseudo-terminal.ts';
import { TestHost, until } from '../relaypass-process.ts';
import { exchange } from '../server/serving.ts';

const shape = z.strictObject({
  at: z.int(),
  configError: z.string().nullable(),
  daemon: z.strictObject({ running: z.boolean(), pid: z.int().nullable(), startedAt: z.int().nullable() }),
  sources: z.array(
    z.strictObject({
      id: z.string(),
      readAt: z.int().nullable(),
      lastMatchAt: z.int().nullable(),
      unreadBytes: z.int().nullable(),
    }),
  ),
  entries: z.strictObject({ permitted: z.int(), max: z.int() }),
  maps: z.array(z.strictObject({ file: z.string(), state: z.string(), placedAt: z.int().nullable() })),
  lookups: z.array(
    z.strictObject({
      protocol: z.string(),
      listen: z.array(z.string()),
      answers: z.record(z.string(), z.int()).nullable(),
    }),
  ),
  cluster: z.looseObject({ node: z.string(), link: z.enum(['up', 'down', 'unknown']) }).nullable(),
  metrics: z
    .strictObject({ listen: z.string().nullable(), textfile: z.string().nullable(), writtenAt: z.int().nullable() })
    .nullable(),
  stale: z.array(z.string()),
  setAside: z.array(z.strictObject({ folder: z.string(), bytes: z.int() })),
  lastHour: z.record(z.string(), z.int()),
  warnings: z.array(z.strictObject({ severity: z.string(), what: z.string(), todo: z.string() })),
});

function statusOf(host: TestHost): z.output<typeof shape> {
  return shape.parse(JSON.parse(host.run('status', '--json').stdout));
}

test('status is well, with exit 0, on a host whose daemon runs and has seen a login', async () => {
  const host = new TestHost();
  await host.startDaemon();
  host.login('alice', '198.51.100.7');
  await host.untilPermitted('198.51.100.7');
  const { status, stdout } = host.run('status');
  expect(stdout).toMatch(/^Daemon {5}running for \d+s, pid \d+\n/);
  expect(stdout).toMatch(/\nSource {5}file:.*mail\.log: last line \d+s ago, last login \d+s ago, 0 bytes unread\n/);
  expect(stdout).toMatch(/\nEntries {4}1 of 100000 at most\n/);
  expect(stdout).toMatch(/\nMap {8}.*relay-addresses: true, built \d+s ago\n/);
  expect(stdout).toContain('Last hour  1 granted, 0 refreshed, 0 refused, 0 expired, 0 purged\n');
  expect(status).toBe(0);
  expect(statusOf(host)).toMatchObject({ daemon: { running: true }, entries: { permitted: 1 }, warnings: [] });
});

test('status warns, with exit 75, of a daemon that has seen no login', async () => {
  const host = new TestHost();
  await host.startDaemon();
  writeFileSync(host.log, `${new Date().toISOString()} mx sshd[1]: nothing of ours\n`);
  await until(() => statusOf(host).sources[0]?.readAt !== null, 'the line to be read');
  const { status, stdout } = host.run('status');
  expect(stdout).toMatch(/\nWarning {4}file:.*: no login was ever seen\n/);
  expect(status).toBe(75);
});

test.each(['SIGTERM', 'SIGKILL'] as const)(
  'status says, with exit 69, that the daemon has gone after %s',
  async (signal) => {
    const host = new TestHost();
    const daemon = await host.startDaemon();
    expect(statusOf(host).daemon.running).toBe(true);
    await daemon.end(signal);
    const { status, stdout } = host.run('status');
    expect(stdout).toMatch(/^Daemon {5}not running\n/);
    expect(stdout).toContain('ERROR      the daemon is not running');
    expect(status).toBe(69);
  },
);

test('status tells, with exit 78, what is wrong with the configuration, and how it does by the last good one', async () => {
  const host = new TestHost();
  const daemon = await host.startDaemon();
  host.login('alice', '198.51.100.7');
  await host.untilPermitted('198.51.100.7');
  host.configure('grace = "never"\n');
  const { status, stdout, stderr } = host.runUnderSystemd('status');
  expect(stdout).toMatch(/^Daemon {5}running for /);
  expect(stdout).toContain('\nEntries    1 of 100000 at most\n');
  expect(stdout).toMatch(/\nMap {8}.*relay-addresses: true, /);
  expect(stdout).toMatch(/\nERROR {6}.*relaypass\.toml:\d+: .*grace/);
  expect(stderr).toContain('goes by the configuration that the daemon last ran with');
  expect(status).toBe(78);
  expect(shape.parse(JSON.parse(host.runUnderSystemd('status', '--json').stdout))).toMatchObject({
    configError: expect.stringContaining('grace'),
    stale: [host.configFile],
  });
  await daemon.end('SIGTERM');
  rmSync(host.configFile);
  expect(host.runUnderSystemd('status').stdout).toMatch(/^Daemon {5}not running\n[^]*\nERROR {6}.*cannot be read/);
});

test.each(['list', 'log', 'show 198.51.100.7'])('%s answers by the last good configuration, with exit 78', (line) => {
  const host = new TestHost();
  host.run('grant', '198.51.100.7');
  copyFileSync(host.configFile, path.join(path.dirname(host.map), 'last-good.toml'));
  host.configure('grace = "never"\n');
  const { status, stdout, stderr } = host.runUnderSystemd(...line.split(' '));
  expect(stdout).toContain('198.51.100.7');
  expect(stderr).toContain('relaypass.toml:');
  expect(status).toBe(78);
});

test('a configuration in error is all there is to tell where no daemon ever ran', () => {
  const host = new TestHost('grace = "never"\n');
  const { status, stdout, stderr } = host.runUnderSystemd('status');
  expect(stdout).toBe('');
  expect(stderr).toMatch(/^relaypass: .*relaypass\.toml:\d+: .*grace/);
  expect(status).toBe(78);
});

test('status and check tell of a map that cannot be had, and how the others are', () => {
  const host = new TestHost();
  host.run('grant', '198.51.100.7');
  host.configure('[[map]]\nmta = "none"\ntype = "nosuch"\n');
  const checked = host.run('check').stdout;
  expect(checked).toMatch(/map: type "nosuch"/);
  expect(checked).toMatch(/relay-addresses: is there, /);
  const { status, stdout } = host.run('status');
  expect(stdout).toMatch(/\nMap {8}.*relay-addresses: true, /);
  expect(stdout).toMatch(/\nERROR {6}map: type "nosuch"/);
  expect(status).toBe(78);
});

test('status tells of logins that wait in the log unread', async () => {
  const host = new TestHost();
  const daemon = await host.startDaemon();
  host.login('alice', '198.51.100.7');
  await host.untilPermitted('198.51.100.7');
  await daemon.end('SIGTERM');
  host.login('bob', '198.51.100.8');
  expect(statusOf(host).sources[0]?.unreadBytes).toBeGreaterThan(100);
});

test.each([
  ['missing', 'is missing', (map: string) => rmSync(map)],
  ['foreign', 'is not the file that was published', (map: string) => writeFileSync(map, '0.0.0.0/0\n')],
])('status sees a map that is %s', (state, sentence, spoil) => {
  const host = new TestHost();
  host.run('grant', '198.51.100.7');
  spoil(host.map);
  expect(statusOf(host).maps).toMatchObject([{ state }]);
  expect(host.run('status').stdout).toContain(sentence);
});

test('status tells how look-ups were answered, and where metrics are told', async () => {
  const host = new TestHost();
  const socket = path.join(host.dir, 'lookup');
  const textfile = path.join(host.dir, 'relaypass.prom');
  host.configure(
    `[[lookup]]\nprotocol = "socketmap"\nlisten = "unix:${socket}"\n[metrics]\ntextfile = "${textfile}"\n`,
  );
  expect(host.run('status').stdout).toMatch(/\nLook-ups {3}socketmap unix:.*: nobody answers\n/);
  await host.startDaemon();
  host.login('alice', '198.51.100.7');
  await host.untilPermitted('198.51.100.7');
  await exchange({ kind: 'unix', path: socket }, '22:relaypass 198.51.100.7,', '22:relaypass 198.51.100.9,', '3:bad,');
  const answers = () => statusOf(host).lookups[0]?.answers ?? {};
  await until(() => answers()['permitted'] === 1, 'the look-ups to be told');
  expect(statusOf(host)).toMatchObject({
    lookups: [{ protocol: 'socketmap', answers: { permitted: 1, 'not-permitted': 1, failed: 1 } }],
    metrics: { listen: null, textfile },
    cluster: null,
    warnings: [],
  });
  const { stdout } = host.run('status');
  expect(stdout).toMatch(/\nLook-ups {3}socketmap unix:.*: 1 permitted, 1 not permitted, 1 failed\n/);
  expect(stdout).toMatch(/\nMetrics {4}.*relaypass\.prom \(written \d+s ago\)\n/);
});

test('status says what the daemon has not taken up, until it is reloaded', async () => {
  const host = new TestHost();
  const dir = path.join(host.dir, 'patterns.d');
  mkdirSync(dir);
  const configured = `[patterns]\ndir = "${dir}"\n`;
  host.configure(configured);
  const daemon = await host.startDaemon();
  host.login('alice', '198.51.100.7');
  await host.untilPermitted('198.51.100.7');
  expect(statusOf(host)).toMatchObject({ stale: [], warnings: [] });
  host.configure(`${configured}# changed\n`);
  writeFileSync(path.join(host.dir, 'aside'), '');
  renameSync(path.join(host.dir, 'aside'), path.join(dir, 'own.samples'));
  expect(statusOf(host).stale).toEqual([host.configFile, dir, path.join(dir, 'own.samples')]);
  const { status, stdout } = host.run('status');
  expect(stdout).toContain(`Warning    ${host.configFile} is not what the daemon works by`);
  expect(status).toBe(75);
  daemon.stderr = '';
  daemon.signal('SIGHUP');
  await until(() => daemon.said('started'), 'the reload');
  expect(statusOf(host)).toMatchObject({ stale: [], warnings: [] });
});

test('status tells that no cluster can be reached, and why', async () => {
  const host = new TestHost('[cluster]\nurl = "unix:/nonexistent/redis"\nnode = "pop1"\n');
  expect(statusOf(host).cluster).toEqual({ node: 'pop1', link: 'unknown' });
  await host.startDaemon();
  host.login('alice', '198.51.100.7');
  await host.untilPermitted('198.51.100.7');
  const reason = () => String(statusOf(host).cluster?.['reason']);
  await until(() => reason().includes('ENOENT'), 'the reason to be told');
  const { status, stdout } = host.run('status');
  expect(stdout).toMatch(/\nCluster {4}pop1: down for \d+s\n/);
  expect(stdout).toMatch(/\nWarning {4}no link to the cluster for \d+s: .*ENOENT/);
  expect(status).toBe(75);
});

test('status and check tell of damaged stores that were set aside, and how to be rid of them', () => {
  const host = new TestHost();
  host.run('grant', '192.0.2.9');
  const folder = `${host.store}.broken-2026-11-24T12-00-00.000Z`;
  mkdirSync(folder);
  writeFileSync(path.join(folder, 'data.mdb'), Buffer.alloc(1_500_000, 'x'));
  const [found] = statusOf(host).setAside;
  expect(found?.folder).toBe(folder);
  expect(found?.bytes).toBeGreaterThanOrEqual(1_500_000);
  for (const command of ['status', 'check']) {
    const { stdout } = host.run(command);
    expect(stdout).toContain('damaged stores were set aside and take 2 MiB: purges from before are forgotten');
    expect(stdout).toContain(`then rm -r ${folder}`);
  }
});

test.each([80, 40])('status fits on a terminal of %i columns', async (columns) => {
  const host = new TestHost();
  const lines = await screenOf(['status', '--config', host.configFile], { columns });
  expect(lines[0]).toBe('Daemon     not running');
  expect(lines.join(' ')).toContain('ERROR      the daemon is not running');
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(columns);
  if (columns === 80) expect(lines.length).toBeLessThanOrEqual(24);
});
