import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { TestHost } from '../relaypass-process.ts';

function hostWithList(list: string): { host: TestHost; file: string } {
  const host = new TestHost('[admission]\nnever_networks = ["203.0.113.5"]\n');
  const file = path.join(host.dir, 'old-list');
  writeFileSync(file, list);
  return { host, file };
}

test('import takes over whom an earlier system permits, publishes, and says whom it refuses', () => {
  const inAMinute = Math.floor(Date.now() / 1000) + 60;
  const { host, file } = hostWithList(
    `198.51.100.7 ok\n2001:DB8::7 ${inAMinute}\n203.0.113.5 ok\n198.51.100 ok\n198.51.100.8 1000000000\n`,
  );
  const { status, stdout } = host.run('import', file);
  expect(stdout.split('\n')).toEqual([
    '203.0.113.5: not permitted: the address is in never_networks',
    '198.51.100: not permitted: what is named as the address is no single IP address',
    '198.51.100.8: not permitted: its time was up at 2001-09-09T01:46:40.000Z',
    `${file}: permitted 2, prolonged 0, 0 as they were`,
    '',
  ]);
  expect(status).toBe(0);
  expect(host.permitted()).toEqual(['198.51.100.7', '2001:db8::7']);
  expect(host.run('show', '2001:db8::7').stdout).toMatch(/may relay for (1m|\d\ds)/);
  expect(host.run('show', '198.51.100.7').stdout).toContain(`granted by import ${file}`);
});

test('import with --dry-run writes nothing', () => {
  const { host, file } = hostWithList('198.51.100.7\n203.0.113.5\n');
  expect(host.run('import', file, '--dry-run').stdout).toBe(
    `203.0.113.5: not permitted: the address is in never_networks\n${file}: would take over 1 of 2 addresses\n`,
  );
  expect(host.run('list').stdout).toBe('no address may relay now\n');
});

function row(address: string, outcome: string) {
  return { address, outcome, reason: null, expiresAt: expect.any(Number) as unknown };
}

test('import tells programs what became of each row', () => {
  const { host, file } = hostWithList('198.51.100.7\n203.0.113.5\n198.51.100.8\n');
  const refused = {
    address: '203.0.113.5',
    outcome: 'refused',
    reason: 'the address is in never_networks',
    expiresAt: null,
  };
  const told = (...args: string[]): unknown => JSON.parse(host.run('import', file, '--json', ...args).stdout);
  expect(told('--dry-run')).toEqual([refused, row('198.51.100.7', 'permissible'), row('198.51.100.8', 'permissible')]);
  host.run('grant', '198.51.100.8', '--for', '2h');
  expect(told()).toEqual([refused, row('198.51.100.7', 'granted'), row('198.51.100.8', 'unchanged')]);
  const lines = host.run('import', file, '--jsonl').stdout.trimEnd().split('\n');
  expect(lines.map((line): unknown => JSON.parse(line))).toContainEqual(refused);
  expect(lines).toHaveLength(3);
});

test('import says whom a cap keeps out', () => {
  const host = new TestHost('[admission]\nmax_entries = 1\n');
  const file = path.join(host.dir, 'old-list');
  writeFileSync(file, '198.51.100.7\n198.51.100.8\n');
  expect(host.run('import', file).stdout).toBe(
    `198.51.100.8: not permitted: max_entries is reached\n${file}: permitted 1, prolonged 0, 0 as they were\n`,
  );
});

test('import shortens nobody', () => {
  const { host, file } = hostWithList(`198.51.100.7 ${Math.floor(Date.now() / 1000) + 60}\n`);
  host.run('grant', '198.51.100.7', '--for', '2h');
  expect(host.run('import', file).stdout).toBe(`${file}: permitted 0, prolonged 0, 1 as they were\n`);
  expect(host.run('show', '198.51.100.7').stdout).toMatch(/may relay for (2h|1h 59m)/);
});

test('import prints no control character of the file', () => {
  const { host, file } = hostWithList('\x1b[31mred ok\n');
  expect(host.run('import', file).stdout).toContain('\\u{1b}[31mred: not permitted');
});
