import { expect, test } from '@jest/globals';
import * as z from 'zod';
import { spawnSync } from 'node:child_process';
import { appendFileSync, chmodSync, chownSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { screenOf } from '../pseudo-terminal.ts';
import { CLI, TestHost, until } from '../relaypass-process.ts';

test('show tells what was last refused at an address without an entry, and what would change it', async () => {
  const host = new TestHost('[admission]\nmax_addresses_per_user = 1\n');
  await host.startDaemon();
  host.login('alice', '198.51.100.7');
  host.login('alice', '203.0.113.9');
  await until(() => host.run('log').stdout.includes('refused'), 'the refusal');
  const { stdout } = host.run('show', '203.0.113.9');
  expect(stdout).toMatch(/^203\.0\.113\.9 may not relay: no login within 30m 00s\.\n/);
  expect(stdout).toMatch(/No entry; last seen:\n.* refused .*alice .*max_addresses_per_user is reached\n/);
  expect(stdout).toContain('What would change it: the user has too many addresses');
});

test('a login from more addresses than a user may have is logged as a warning, with the user', async () => {
  const host = new TestHost('[admission]\nmax_addresses_per_user = 1\n');
  const daemon = await host.startDaemon();
  host.login('alice', '198.51.100.7');
  host.login('alice', '203.0.113.9');
  await until(() => daemon.said('refused a login'), 'the warning');
  const line = daemon.stderr.split('\n').find((each) => each.includes('refused a login'));
  expect(line).toMatch(/^\W*warn.* address=203\.0\.113\.9 user=alice .*max_addresses_per_user/);
});

test("show tells that a login was refused at the server's own address: a proxy's", async () => {
  const host = new TestHost();
  await host.startDaemon();
  host.login('alice', '192.0.2.25');
  await until(() => host.run('log').stdout.includes('refused'), 'the refusal');
  expect(host.run('show', '192.0.2.25').stdout).toMatch(
    / refused .*alice .*the address is the server's own: the login came from it or through a proxy \(192\.0\.2\.25\)\n/,
  );
});

test.each([
  ['127.0.0.1', 'the address is loopback'],
  ['0.0.0.0', 'the address is the unspecified one'],
  ['ff02::1', 'the address is a multicast one'],
  ['2001:db8::7%eth0', 'the address has a zone'],
  ['198.51.100.1], port=[50111', 'what is named as the address is no single IP address'],
])('show tells why %s is never permitted', (address, why) => {
  const { status, stderr } = new TestHost().run('show', address);
  expect([status, stderr]).toEqual([64, expect.stringContaining(`${address}: never permitted: ${why}`)]);
});

test('show --user tells from where a user may relay, and by which logins', async () => {
  const host = new TestHost();
  await host.startDaemon();
  host.login('alice', '198.51.100.7');
  await host.untilPermitted('198.51.100.7');
  host.run('grant', '192.0.2.9', '--user', 'Alice');
  const { stdout } = host.run('show', '--user', 'alice');
  expect(stdout).toMatch(/^alice may relay from 2 of at most 10 addresses\.\n/);
  expect(stdout).toContain('198.51.100.7: imap login at ');
  expect(stdout).toContain('192.0.2.9: grant login at ');
  expect(host.run('show', '--user', 'bob').stdout).toMatch(
    /^bob may relay from nowhere\.\nNo failed login seen since \S+Z\.\nWhat would change it: a login over POP3 or IMAP, or "relaypass grant ADDRESS --user bob"\.\n$/,
  );
});

test('show --user tells that a user is barred', () => {
  const host = new TestHost('[admission]\nnever_users = ["guest"]\n');
  expect(host.run('show', '--user', 'Guest').stdout).toMatch(
    /^Guest may relay from nowhere: the user is in never_users\.\n/,
  );
});

test('show wants one of an address and a user', () => {
  const host = new TestHost();
  for (const args of [['show'], ['show', '192.0.2.1', '--user', 'bob']]) {
    expect(host.run(...args)).toMatchObject({
      status: 64,
      stderr: 'relaypass: show: name one of ADDRESS and --user USER\n',
    });
  }
});

test('show --json gives the verdict, its reasons and the advice', () => {
  const host = new TestHost();
  host.run('grant', '192.0.2.9');
  const shape = z.strictObject({
    address: z.literal('192.0.2.9'),
    permitted: z.literal(true),
    entry: z.object({ logins: z.array(z.object({})).length(1) }),
    maps: z.array(z.strictObject({ file: z.string(), holds: z.literal(true) })).length(1),
    events: z.array(z.object({ kind: z.literal('granted') })).length(1),
    advice: z.string(),
  });
  expect(shape.safeParse(JSON.parse(host.run('show', '192.0.2.9', '--json').stdout)).error).toBeUndefined();
});

const MINUTE_MS = 60_000;
const NOBODY = 65_534;

test('show tells of an address without an entry which logins failed there: how many, since when, why, and the line', () => {
  const host = new TestHost();
  for (const ago of [50, 40, 30, 20, 10, 5, 3]) host.failedLogin('alice', '198.51.100.7', ago * MINUTE_MS);
  host.failedLogin('eve', '203.0.113.9');
  const { stdout } = host.run('show', '198.51.100.7');
  expect(stdout).toMatch(/\n7 failed logins seen since \S+Z, the last 5:\n/);
  expect(stdout.match(/^ {2}\S+Z: alice at 198\.51\.100\.7, imap: wrong password or unknown user$/gm)).toHaveLength(5);
  expect(stdout).toContain(`    file:${host.log}, pattern dovecot: `);
  expect(stdout).toMatch(/mx dovecot: imap-login: Disconnected: .* user=<alice>, method=PLAIN, rip=198\.51\.100\.7, /);
  expect(stdout).not.toContain('eve');
});

test('show tells from where those who failed at an address may relay', () => {
  const host = new TestHost();
  host.run('grant', '203.0.113.9', '--user', 'alice');
  host.failedLogin('Alice', '198.51.100.7');
  expect(host.run('show', '198.51.100.7').stdout).toMatch(/\n {2}alice may relay from 203\.0\.113\.9: grant login at /);
});

test.each([
  [64, 1],
  [128, 0],
])('with ipv6_prefix = %i show counts %i failed logins at another address of the same /64', (prefix, count) => {
  const host = new TestHost(`[admission]\nipv6_prefix = ${prefix}\n`);
  host.failedLogin('alice', '2001:db8:1:2::77');
  host.failedLogin('bob', '2001:db8:1:3::77');
  const { stdout } = host.run('show', '2001:db8:1:2::8');
  expect(stdout.match(/: alice at 2001:db8:1:2::77, imap: /g) ?? []).toHaveLength(count);
  expect(stdout).not.toContain('bob');
});

test('show --user tells where a user failed to log in, also one who may relay from elsewhere', () => {
  const host = new TestHost();
  host.run('grant', '203.0.113.9', '--user', 'alice');
  host.failedLogin('ALICE', '198.51.100.7');
  const { stdout } = host.run('show', '--user', 'alice');
  expect(stdout).toMatch(/^alice may relay from 1 of at most 10 addresses\.\n/);
  expect(stdout).toMatch(/\n1 failed login seen since \S+Z:\n {2}\S+Z: ALICE at 198\.51\.100\.7, imap: wrong password/);
});

test('show looks back an hour for failed logins, or as far as --since says', () => {
  const host = new TestHost();
  host.failedLogin('alice', '198.51.100.7', 90 * MINUTE_MS);
  expect(host.run('show', '198.51.100.7').stdout).toMatch(/\nNo failed login seen since \S+Z\.\n/);
  expect(host.run('show', '198.51.100.7', '--since', '2h').stdout).toContain('\n1 failed login seen since ');
});

test('show finds the failed logins in a log that was rotated meanwhile', () => {
  const host = new TestHost();
  host.failedLogin('alice', '198.51.100.7', 20 * MINUTE_MS);
  renameSync(host.log, `${host.log}.1`);
  host.failedLogin('alice', '198.51.100.7');
  expect(host.run('show', '198.51.100.7').stdout).toContain('\n2 failed logins seen since ');
});

test('show finds the failed logins of servers whose patterns are not in use', () => {
  const host = new TestHost('[patterns]\nuse = ["courier"]\n');
  host.failedLogin('alice', '198.51.100.7');
  appendFileSync(
    host.log,
    `${new Date().toISOString()} mx postfix/smtpd[9]: warning: unknown[198.51.100.7]: SASL LOGIN authentication failed: (reason unavailable), sasl_username=alice\n`,
  );
  expect(host.run('show', '198.51.100.7').stdout).toMatch(
    /alice at 198\.51\.100\.7, imap: [^]*alice at 198\.51\.100\.7, smtp: /,
  );
});

test('show says that it could not look for failed logins, and why', () => {
  const host = new TestHost();
  rmSync(host.log);
  expect(host.run('show', '198.51.100.7').stdout).toContain(`\n  incomplete: file:${host.log}: there is no such log\n`);
  mkdirSync(host.log);
  expect(host.run('show', '198.51.100.7').stdout).toContain(
    `\n  incomplete: file:${host.log}: ${host.log} is no regular file`,
  );
});

/** Root acts as the owner of the state folder, who must be able to read the program. */
const canActAsOwner = spawnSync('test', ['-r', CLI], process.getuid?.() === 0 ? { uid: NOBODY } : {}).status === 0;

(canActAsOwner ? test : test.skip)('show says that it may not read the log', () => {
  const host = new TestHost();
  chmodSync(host.log, 0);
  for (const file of [host.dir, path.dirname(host.map)]) chmodSync(file, 0o755);
  if (process.getuid?.() === 0) chownSync(path.dirname(host.map), NOBODY, NOBODY);
  expect(host.run('show', '198.51.100.7').stdout).toContain(
    `\n  incomplete: file:${host.log}: no permission to read it: "relaypass check" tells what is missing\n`,
  );
});

/** `show 198.51.100.7` on a host with a journal that the shell script `journalctl` prints. */
function showByJournal(journalctl: string): string {
  const host = new TestHost();
  const stateDir = path.dirname(host.map);
  writeFileSync(host.configFile, `state_dir = "${stateDir}"\n[[source]]\njournal = true\n`);
  writeFileSync(path.join(host.dir, 'journalctl'), `#!/bin/sh\n${journalctl}\n`, { mode: 0o755 });
  const env = { ...process.env, PATH: `${host.dir}:${process.env['PATH'] ?? ''}` };
  const args = [CLI, 'show', '198.51.100.7', '--config', host.configFile];
  return spawnSync(process.execPath, args, { encoding: 'utf8', env }).stdout;
}

/** What journalctl prints of a failed login of `user`. */
function entryOf(user: string, trusted: Readonly<Record<string, string>>): string {
  return JSON.stringify({
    __CURSOR: user,
    __REALTIME_TIMESTAMP: `${Date.now()}000`,
    SYSLOG_IDENTIFIER: 'dovecot',
    MESSAGE: `imap-login: Disconnected: Connection closed (auth failed, 1 attempts in 2 secs): user=<${user}>, method=PLAIN, rip=198.51.100.7, lip=192.0.2.25`,
    ...trusted,
  });
}

test('show finds the failed logins in the journal, and believes none that an ordinary user wrote', () => {
  const stdout = showByJournal(
    `cat <<'END'\n${entryOf('alice', { _SYSTEMD_UNIT: 'dovecot.service' })}\n${entryOf('eve', { _UID: '1000' })}\nEND`,
  );
  expect(stdout).toMatch(/\n1 failed login seen since \S+Z:\n {2}\S+Z: alice at 198\.51\.100\.7, imap: /);
  expect(stdout).toContain('\n    journal, pattern dovecot: dovecot: imap-login: ');
});

test.each([
  ['fails', 'echo "No journal files were found." >&2; exit 1', 'ended with status 1: No journal files were found.'],
  [
    'refuses',
    'echo "insufficient permissions" >&2; exec sleep 60',
    'no permission to read the systemd journal: add the user',
  ],
])('show says that it could not look for failed logins in a journal that %s', (_, journalctl, why) => {
  expect(showByJournal(journalctl)).toMatch(new RegExp(`\n  incomplete: journal: .*${why}`));
});

test('show --json gives the failed logins, with who may relay from elsewhere', () => {
  const host = new TestHost();
  host.run('grant', '203.0.113.9', '--user', 'alice');
  host.failedLogin('alice', '198.51.100.7');
  const failure = z.strictObject({
    at: z.number(),
    user: z.literal('alice'),
    address: z.literal('198.51.100.7'),
    service: z.literal('imap'),
    reason: z.literal('wrong password or unknown user'),
    pattern: z.literal('dovecot'),
    source: z.literal(`file:${host.log}`),
    line: z.string(),
  });
  const failures = z.strictObject({
    since: z.number(),
    count: z.literal(1),
    firstAt: z.number(),
    last: z.array(failure).length(1),
    unread: z.array(z.never()),
  });
  const elsewhere = z.array(z.object({ address: z.literal('203.0.113.9') })).length(1);
  const ofAddress = JSON.parse(host.run('show', '198.51.100.7', '--json').stdout);
  expect(z.object({ permitted: z.literal(false), failures, elsewhere }).safeParse(ofAddress).error).toBeUndefined();
  const ofUser = JSON.parse(host.run('show', '--user', 'alice', '--json').stdout);
  expect(z.object({ permitted: z.literal(true), failures }).safeParse(ofUser).error).toBeUndefined();
});

test("what a client sent as its name does not move the reader's cursor", () => {
  const host = new TestHost();
  host.failedLogin('al\u009bice', '198.51.100.7');
  host.failedLogin('al\u202eice', '198.51.100.7');
  const { stdout } = host.run('show', '198.51.100.7');
  expect(stdout).toContain('\n1 failed login seen');
  expect(stdout).not.toMatch(/[\u009b\u202e]/);
});

test.each([80, 40])('show fits on a terminal of %i columns', async (columns) => {
  const host = new TestHost();
  host.run('grant', '192.0.2.9');
  const lines = await screenOf(['show', '192.0.2.9', '--config', host.configFile], { columns });
  expect(lines[0]).toMatch(/^192\.0\.2\.9 may relay for /);
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(columns);
});

test.each([80, 40])('the failed logins fit on a terminal of %i columns, with relative times', async (columns) => {
  const host = new TestHost();
  host.failedLogin('alice@example.org', '2001:db8:1:2:3:4:5:77', 3 * MINUTE_MS);
  const lines = await screenOf(['show', '2001:db8:1:2:3:4:5:77', '--config', host.configFile], { columns });
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(columns);
  const text = lines.join(' ').replaceAll(/ +/g, ' ');
  expect(text).toMatch(
    /3m 0\ds ago: alice@example\.org at 2001:db8:1:2:3:4:5:77, imap: wrong password or unknown user /,
  );
  expect(text.indexOf('wrong password')).toBeLessThan(text.indexOf('What would change it'));
});
