import { expect, test } from '@jest/globals';
import * as z from 'zod';
import { PseudoTerminal, screenOf } from '../pseudo-terminal.ts';
import { TestHost, until } from '../relaypass-process.ts';

const events = z.array(z.object({ at: z.int(), kind: z.string(), address: z.string(), user: z.string() }));

test('log tells who was granted, by whom, who was refused and why, and who was purged', async () => {
  const host = new TestHost('[admission]\nnever_networks = ["203.0.113.5"]\n');
  const daemon = await host.startDaemon();
  host.login('mallory', '203.0.113.5');
  host.login('alice', '198.51.100.7');
  await host.untilPermitted('198.51.100.7');
  await daemon.end('SIGTERM');
  host.run('grant', '192.0.2.9', '--user', 'scanner');
  host.run('purge', '--user', 'alice');
  const { stdout } = host.run('log');
  expect(stdout).toMatch(
    / refused +203\.0\.113\.5 +mallory +imap +the address is in never_networks \(203\.0\.113\.5\/32\)/,
  );
  expect(stdout).toMatch(/ granted +198\.51\.100\.7 +alice +imap +until /);
  expect(stdout).toMatch(/ granted +192\.0\.2\.9 +scanner +grant +by \S+, until /);
  expect(stdout).toMatch(/ purged +198\.51\.100\.7 +alice +imap +by \S+\n/);
});

test('log --since leaves out what was before, and explains what it expects', () => {
  const host = new TestHost();
  host.run('grant', '192.0.2.9');
  expect(events.parse(JSON.parse(host.run('log', '--json', '--since', '1h').stdout))).toMatchObject([
    { kind: 'granted', address: '192.0.2.9', user: '-' },
  ]);
  expect(host.run('log', '--since', '2999-01-01').stdout).toBe('nothing has happened\n');
  const { status, stderr } = host.run('log', '--since', 'noon');
  expect(status).toBe(64);
  expect(stderr).toBe('relaypass: --since: expected a duration such as "1h" or an instant, found "noon"\n');
});

test('log --address, --user and --kind leave out what is of others', () => {
  const host = new TestHost();
  host.run('grant', '192.0.2.9', '--user', 'scanner');
  host.run('grant', '198.51.100.7', '--user', 'Alice');
  host.run('grant', '2001:db8:1:2::3', '--user', 'bob');
  host.run('purge', '192.0.2.9');
  const told = (...args: string[]) =>
    events
      .parse(JSON.parse(host.run('log', '--json', ...args).stdout))
      .map(({ kind, address }) => `${kind} ${address}`);
  expect(told('--address', '192.0.2.0/24')).toEqual(['granted 192.0.2.9', 'purged 192.0.2.9']);
  expect(told('--address', '2001:DB8:1:2:0::3')).toEqual(['granted 2001:db8:1:2::3']);
  expect(told('--user', 'alice')).toEqual(['granted 198.51.100.7']);
  expect(told('--kind', 'purged', '--kind', 'refused')).toEqual(['purged 192.0.2.9']);
  expect(told('--kind', 'granted', '--address', '192.0.2.9')).toEqual(['granted 192.0.2.9']);
  expect(told('--user', 'nobody')).toEqual([]);
  expect(host.run('log', '--kind', 'lost')).toMatchObject({ status: 64 });
  expect(host.run('log', '--address', 'mx')).toMatchObject({
    status: 64,
    stderr: 'relaypass: --address: expected an address or a network, found "mx"\n',
  });
});

test('log says that an open session keeps an address permitted longer', async () => {
  const host = new TestHost();
  const daemon = await host.startDaemon();
  host.logout('alice', 'before'); // tells that this server logs them
  host.login('alice', '198.51.100.7', 0, 'this');
  await host.untilPermitted('198.51.100.7');
  expect(host.run('log').stdout).toMatch(/ granted .* until \S+Z, longer while its session is open\n/);
  await until(() => daemon.said('granted'), 'the daemon to say so');
  expect(daemon.stderr).toMatch(/granted address=198\.51\.100\.7 .* session=open\n/);
});

test('log tells on a terminal for how long, which an instant would be cut to nothing for', async () => {
  const host = new TestHost();
  host.run('grant', '192.0.2.9', '--user', 'scanner', '--for', '90m');
  const onTerminal = (...args: string[]) => screenOf(['log', '--config', host.configFile, ...args], { columns: 80 });
  expect((await onTerminal()).join('\n')).toMatch(/^\d+s ago +granted +192\.0\.2\.9 .* by \S+, for 1h 30m$/m);
  expect((await onTerminal('--absolute')).join('\n')).not.toContain('for 1h');
});

test('log --follow tells what another process does, until Ctrl-C', async () => {
  const host = new TestHost();
  host.run('grant', '192.0.2.9');
  const terminal = new PseudoTerminal(['log', '--follow', '--config', host.configFile], { columns: 80 });
  await terminal.untilShows(/granted +192\.0\.2\.9/);
  host.run('purge', '192.0.2.9');
  await terminal.untilShows(/purged +192\.0\.2\.9/);
  terminal.type('\u0003');
  expect(await terminal.ended()).toBe(0);
});

test.each([80, 40])('log fits into a terminal of %i columns', async (columns) => {
  const host = new TestHost();
  host.run('grant', '192.0.2.9', '--user', 'x'.repeat(100));
  const lines = await screenOf(['log', '--config', host.configFile], { columns });
  expect(lines.join('\n')).toContain('granted');
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(columns);
});
