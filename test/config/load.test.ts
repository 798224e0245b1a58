import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { loadConfig, loadInForce } from '../../src/config/load.ts';
import { OperationalError } from '../../src/errors.ts';
import { tempDir } from '../temp-dir.ts';

function fileWith(text: string): string {
  const file = path.join(tempDir(), 'relaypass.toml');
  writeFileSync(file, text);
  return file;
}

function complaintAbout(text: string): string {
  const file = fileWith(text);
  try {
    loadConfig(file);
  } catch (error) {
    if (error instanceof OperationalError && error.exitStatus === 78) return error.message.replaceAll(file, 'FILE');
    throw error;
  }
  throw new Error('was accepted');
}

test('takes an empty file as a whole configuration', () => {
  const config = loadConfig(fileWith(''));
  expect(config).toMatchObject({
    grace: 1_800_000,
    state_dir: '/var/lib/relaypass',
    patterns: { dir: '/etc/relaypass/patterns.d', on_bad_pattern: 'refuse' },
    admission: { max_addresses_per_user: 10, max_users_per_address: 0, max_entries: 100_000, max_session: 43_200_000 },
  });
  expect(config.source).toBeUndefined();
  expect(config.map).toBeUndefined();
});

test.each([
  ['an unknown option', 'grace = "30m"\ngarce = "1h"\n', 'FILE:2: garce: unknown option'],
  ['an unknown option in a table', '[admission]\nmax = 3\n', 'FILE:2: admission.max: unknown option'],
  [
    'an unknown option in the second of two maps',
    '[[map]]\nmta = "postfix"\n\n[[map]]\nmta = "sendmail"\ntyp = "hash"\n',
    'FILE:6: map[2].typ: unknown option',
  ],
  [
    'a grace that is too long',
    '\ngrace = "25h"',
    'FILE:2: grace: expected a duration such as "30m", from 1m 00s to 1d 00h, found "25h"',
  ],
  [
    'a bound of sessions that is none',
    '[admission]\nmax_session = "0s"',
    'FILE:2: admission.max_session: expected a duration such as "30m", from 1m 00s to 1d 00h, or "off", found "0s"',
  ],
  ['a relative path', 'state_dir = "state"', 'FILE:1: state_dir: expected an absolute path'],
  [
    'a source that names nothing',
    '[[source]]\n',
    'FILE:1: source[1]: expected `file = "/PATH"`, `journal = true` or `stdin = true`, and nothing else',
  ],
  [
    'a source that names two',
    '[[source]]\njournal = true\n[[source]]\nfile = "/var/log/mail.log"\njournal = true\n',
    'FILE:3: source[2]: expected `file = "/PATH"`, `journal = true` or `stdin = true`, and nothing else',
  ],
  ['a source that is relative', '[[source]]\nfile = "mail.log"\n', 'FILE:2: source[1].file: expected an absolute path'],
  [
    'a source that takes * in a folder, which nothing would be read of',
    '[[source]]\nfile = "/var/log/*/mail.log"\n',
    'FILE:2: source[1].file: expected `*` in the last part of the path alone',
  ],
  ['an odd ipv6_prefix', '[admission]\nipv6_prefix = 56\n', 'FILE:2: admission.ipv6_prefix: expected 128 or 64'],
  [
    'a network that is none',
    '[admission]\nown_networks = ["192.0.2.0/33"]',
    'FILE:2: admission.own_networks[1]: expected an address or a network such as "192.0.2.0/24", found "192.0.2.0/33"',
  ],
])('refuses %s with file and line', (_, text, complaint) => {
  expect(complaintAbout(text)).toBe(complaint);
});

test('takes "off" for no sessions, and for no grace', () => {
  expect(loadConfig(fileWith('[admission]\nmax_session = "off"')).admission.max_session).toBe(0);
  expect(complaintAbout('grace = "off"')).toContain('found "off"');
});

test('points at the line and column of what is not TOML', () => {
  expect(complaintAbout('grace = 30m # half an hour\n')).toMatch(
    /^FILE:1:\d+: not valid TOML: [\w ]+: grace = 30m # half an hour; a text or a duration stands in quotes$/,
  );
  expect(complaintAbout('grace = "30m"\ngrace = "10m"\n')).toMatch(
    /^FILE:2:\d+: not valid TOML: [\w ]+: grace = "10m"$/,
  );
  expect(complaintAbout('grace = "30m"\nmap = [\n')).toMatch(/^FILE:[23]:\d+: not valid TOML: /);
});

test('tells every mistake at once', () => {
  expect(complaintAbout('a = 1\nb = 2\n').split('\n')).toHaveLength(2);
});

test('refuses a named file that does not exist', () => {
  expect(() => loadConfig('/nonexistent/relaypass.toml')).toThrow('/nonexistent/relaypass.toml: cannot be read');
});

test('lets the configuration that the daemon last ran with name no other state folder, whose owner root would be', () => {
  const stateDir = tempDir();
  writeFileSync(path.join(stateDir, 'last-good.toml'), 'state_dir = "/root"\ngrace = "5m"\n');
  const before = process.env['STATE_DIRECTORY'];
  process.env['STATE_DIRECTORY'] = stateDir;
  try {
    const became: string[] = [];
    const { config, fault } = loadInForce(fileWith('garce = "1h"\n'), (dir) => became.push(dir));
    expect(became).toEqual([stateDir]);
    expect(config).toMatchObject({ state_dir: stateDir, grace: 300_000 });
    expect(fault?.message).toContain('garce: unknown option');
  } finally {
    if (before === undefined) delete process.env['STATE_DIRECTORY'];
    else process.env['STATE_DIRECTORY'] = before;
  }
});
