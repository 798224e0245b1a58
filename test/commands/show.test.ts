import { expect, test } from '@jest/globals';
import * as z from 'zod';
import { screenOf } from '../pseudo-terminal.ts';
import { TestHost, until } from '../relaypass-process.ts';

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
  ['198.51.100.1], port=[50111', 'what stands for the address is none'],
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
    /^bob may relay from nowhere\.\nWhat would change it: a login over POP3 or IMAP, or "relaypass grant ADDRESS --user bob"\.\n$/,
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

test.each([80, 40])('show fits on a terminal of %i columns', async (columns) => {
  const host = new TestHost();
  host.run('grant', '192.0.2.9');
  const lines = await screenOf(['show', '192.0.2.9', '--config', host.configFile], { columns });
  expect(lines[0]).toMatch(/^192\.0\.2\.9 may relay for /);
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(columns);
});
