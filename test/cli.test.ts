import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { COMMANDS } from '../src/commands/all.ts';
import { screenOf } from './pseudo-terminal.ts';
import { relaypass, TestHost } from './relaypass-process.ts';
import { tempDir } from './temp-dir.ts';

const NAMES = COMMANDS.map(({ usage }) => usage.split(' ', 1)[0] ?? '');

test('lists its commands and exit statuses', () => {
  const { status, stdout } = relaypass('--help');
  expect(status).toBe(0);
  expect(NAMES).toContain('status');
  for (const name of NAMES) expect(stdout).toContain(`relaypass ${name}`);
  expect(stdout).toContain('78 configuration');
});

test.each(NAMES)('%s has examples in its help, on a narrow terminal too', async (name) => {
  const lines = await screenOf([name, '--help'], { columns: 80 });
  expect(lines).toContain('Examples:');
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
});

test.each([
  ['no command', [], 'a command is missing'],
  ['an unknown command', ['lst'], 'did you mean "list"?'],
  ['an unknown option', ['list', '--users', 'x'], 'Unknown argument: users'],
  ['a missing argument', ['grant'], 'Not enough non-option arguments'],
])('answers %s with exit 64 and one sentence', (_, args, sentence) => {
  const { status, stderr } = relaypass(...args);
  expect(status).toBe(64);
  expect(stderr).toContain(sentence);
  expect(stderr).not.toMatch(/^\s+at /m);
});

test('answers an unknown option in the configuration with exit 78, file and line', () => {
  const file = path.join(tempDir(), 'relaypass.toml');
  writeFileSync(file, '\ngarce = "30m"\n');
  const { status, stderr } = relaypass('list', '--config', file);
  expect(status).toBe(78);
  expect(stderr).toBe(`relaypass: ${file}:2: garce: unknown option\n`);
});

test('lets nothing of a configuration that it complains about command the terminal', () => {
  const file = path.join(tempDir(), 'relaypass.toml');
  writeFileSync(file, 'grace = \x1b[2J\n');
  const { status, stderr } = relaypass('list', '--config', file);
  expect(status).toBe(78);
  expect(stderr).toContain('grace = \\u{1b}[2J');
});

test('names the command that makes a missing state folder', () => {
  const file = path.join(tempDir(), 'relaypass.toml');
  writeFileSync(file, 'state_dir = "/nonexistent/relaypass"\n');
  const { status, stderr } = relaypass('list', '--config', file);
  expect(status).toBe(73);
  expect(stderr).toMatch(/\/nonexistent\/relaypass/);
});

test('prints no stack for any of a user’s mistakes', () => {
  const host = new TestHost();
  for (const args of [
    ['grant', 'printer'],
    ['grant', '192.0.2.1', '--for', '2 hours'],
    ['purge'],
    ['purge', '1.2.3'],
    ['show', '::1'],
  ]) {
    const { status, stderr } = host.run(...args);
    expect([64, 69]).toContain(status);
    expect(stderr).toMatch(/^relaypass: .+\n$/);
  }
});

test.each([
  [['lsit'], 'unknown command; did you mean "list"?'],
  [['list', '--user'], 'a value is missing after --user'],
  [['purge', '--user'], 'a value is missing after --user'],
  [['log', '--kind', 'foo'], 'invalid value: kind: found "foo", expected one of "'],
  [['grant', '192.0.2.1', '--for', '-5m'], '--for: expected a duration such as "2h", 1s to 24h, found "-5m"'],
  [['log', '--since', '-5m'], '--since: expected a duration such as "1h" or an instant, found "-5m"'],
  [['setup', 'exim'], 'invalid value: mta: found "exim", expected one of "sendmail", "postfix"'],
  [['grant', '192.0.2.0/24'], '192.0.2.0/24: not granted: what is named as the address is no single IP address'],
  [['grant', 'fe80::1%eth0'], 'fe80::1%eth0: not granted: the address has a zone'],
])('tells in one sentence what is wrong with "%s"', (args, sentence) => {
  const { status, stderr } = new TestHost().run(...args);
  expect(stderr.startsWith(`relaypass: ${sentence}`)).toBe(true);
  expect(stderr).toMatch(/^.+\n$/);
  expect(status).toBe(64);
});
