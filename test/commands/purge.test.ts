import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { PseudoTerminal } from '../pseudo-terminal.ts';
import { TestHost } from '../relaypass-process.ts';

function hostWithGrants(): TestHost {
  const host = new TestHost();
  host.run('grant', '192.0.2.1', '--user', 'alice');
  host.run('grant', '192.0.2.2', '--user', 'bob');
  return host;
}

test('purge --dry-run only tells what would go', () => {
  const host = hostWithGrants();
  expect(host.run('purge', '--all', '--dry-run').stdout).toBe(
    'would purge 192.0.2.1 (alice)\nwould purge 192.0.2.2 (bob)\n',
  );
  expect(host.run('purge', '--user', 'bob', '--dry-run').stdout).toBe('would purge 192.0.2.2 (bob)\n');
  expect(host.run('purge', '--expired', '--dry-run').stdout).toBe('nothing to purge\n');
  expect(host.permitted()).toEqual(['192.0.2.1', '192.0.2.2']);
});

test('purge tells programs what list has of each that goes, and nothing else', () => {
  const host = hostWithGrants();
  const listed: unknown = JSON.parse(host.run('list', '--user', 'bob', '--json').stdout);
  expect(listed).toHaveLength(1);
  expect(JSON.parse(host.run('purge', '--user', 'bob', '--dry-run', '--json').stdout)).toEqual(listed);
  const { stdout } = host.run('purge', '--user', 'bob', '--jsonl');
  expect(stdout.match(/\n/g)).toHaveLength(1);
  expect([JSON.parse(stdout)]).toEqual(listed);
  expect(host.run('purge', '--user', 'bob', '--json').stdout).toBe('[]\n');
  expect(host.run('purge', '--user', 'bob', '--jsonl').stdout).toBe('');
});

test('grant tells programs what list has of it', () => {
  const host = new TestHost();
  const granted: unknown = JSON.parse(host.run('grant', '192.0.2.1', '--user', 'alice', '--json').stdout);
  expect(granted).toMatchObject([{ address: '192.0.2.1', user: 'alice', service: 'grant' }]);
  expect(JSON.parse(host.run('list', '--json').stdout)).toEqual(granted);
  const { stdout } = host.run('grant', '192.0.2.1', '--user', 'alice', '--for', '1s', '--jsonl');
  expect([JSON.parse(stdout)]).toEqual(JSON.parse(host.run('list', '--json').stdout)); // it shortens nobody
});

test('purge --all needs --yes where nobody can be asked', () => {
  const host = hostWithGrants();
  const { status, stderr } = host.run('purge', '--all');
  expect(status).toBe(64);
  expect(stderr).toBe('relaypass: Purge all permissions? nobody is there to answer: say --yes\n');
  expect(host.permitted()).toHaveLength(2);
  expect(host.run('purge', '--all', '--yes').status).toBe(0);
  expect(host.permitted()).toEqual([]);
});

test.each([
  ['y\r', 0],
  ['n\r', 2],
  ['\r', 2],
  ['\u0004', 2],
  ['\u0003', 2],
])('purge --all asks on a terminal, where %j leaves %i', async (answer, left) => {
  const host = hostWithGrants();
  const terminal = new PseudoTerminal(['purge', '--all', '--config', host.configFile], { columns: 80 });
  await terminal.untilShows(/Purge all permissions\? \[y\/N\]/);
  terminal.type(answer);
  expect(await terminal.ended()).toBe(0);
  expect(host.permitted()).toHaveLength(left);
});

test('a purge holds against a login from before it that is read only afterwards', async () => {
  const host = new TestHost();
  await (await host.startDaemon()).end('SIGTERM');
  host.login('bob', '198.51.100.7', 120_000);
  host.login('alice', '198.51.100.8', 120_000);
  expect(host.run('purge', '--user', 'bob').stdout).toBe('nothing to purge\n');
  await host.startDaemon();
  await host.untilPermitted('198.51.100.8');
});

test('a purge holds while the configuration is in error, with exit 78', async () => {
  const host = new TestHost();
  await host.startDaemon();
  for (const user of ['alice', 'bob']) host.run('grant', '192.0.2.7', '--user', user);
  host.run('grant', '192.0.2.8');
  host.configure('grace = "never"\n');
  const { status, stdout, stderr } = host.runUnderSystemd('purge', '192.0.2.7');
  expect(stdout).toBe('purged 192.0.2.7 (alice)\npurged 192.0.2.7 (bob)\n');
  expect(stderr).toContain('goes by the configuration that the daemon last ran with');
  expect(status).toBe(78);
  expect(host.permitted()).toEqual(['192.0.2.8']);
  expect(host.runUnderSystemd('grant', '192.0.2.9')).toMatchObject({ status: 78, stdout: '' });
});

test('a purge holds where the log is read once more, as another source', async () => {
  const host = new TestHost();
  const daemon = await host.startDaemon();
  host.login('bob', '198.51.100.7', 60_000);
  await host.untilPermitted('198.51.100.7');
  host.run('purge', '198.51.100.7');
  await daemon.end('SIGTERM');
  host.login('alice', '198.51.100.8');
  writeFileSync(host.configFile, readFileSync(host.configFile, 'utf8').replace('mail.log', 'mail*.log'));
  await host.startDaemon();
  await host.untilPermitted('198.51.100.8');
});
