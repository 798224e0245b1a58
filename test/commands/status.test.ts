import { rmSync, writeFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import * as z from 'zod';
import { screenOf } from '../pseudo-terminal.ts';
import { TestHost, until } from '../relaypass-process.ts';

const shape = z.strictObject({
  at: z.int(),
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

test.each([80, 40])('status fits on a terminal of %i columns', async (columns) => {
  const host = new TestHost();
  const lines = await screenOf(['status', '--config', host.configFile], { columns });
  expect(lines[0]).toBe('Daemon     not running');
  expect(lines.join(' ')).toContain('ERROR      the daemon is not running');
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(columns);
  if (columns === 80) expect(lines.length).toBeLessThanOrEqual(24);
});
