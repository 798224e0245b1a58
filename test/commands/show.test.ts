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
