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
  [
    'a relative path',
    'state_dir = "state"',
    'FILE:1: state_dir: expected an absolute path such as "/var/log/mail.log", found "state"',
  ],
  [
    'a path that no file can have',
    'state_dir = "/a\\u0000b"',
    'FILE:1: state_dir: expected an absolute path such as "/var/log/mail.log", found "/a\\u{0}b"',
  ],
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
  [
    'a source that is relative',
    '[[source]]\nfile = "mail.log"\n',
    'FILE:2: source[1].file: expected an absolute path such as "/var/log/mail.log", found "mail.log"',
  ],
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
  [
    'one table for a list of them',
    '[map]\nmta = "none"\n',
    'FILE:1: map: expected a list, found a table; write [[map]] for [map]',
  ],
  [
    'a list of tables for one',
    'grace = "30m"\n[[admission]]\n',
    'FILE:2: admission: expected a table, found a list; write [admission] on a line of its own, and its options below it',
  ],
  [
    'a number for a duration',
    'grace = 30',
    'FILE:1: grace: expected a duration such as "30m", from 1m 00s to 1d 00h, found 30; write "30m" for minutes, "30s" for seconds',
  ],
  [
    'a duration without its unit',
    'grace = "30"',
    'FILE:1: grace: expected a duration such as "30m", from 1m 00s to 1d 00h, found "30"; write "30m" for minutes, "30s" for seconds',
  ],
  [
    'a table for a duration',
    '[grace]\n',
    'FILE:1: grace: expected a duration such as "30m", from 1m 00s to 1d 00h, found a table',
  ],
  [
    'text for a list',
    '[patterns]\nuse = "dovecot"\n',
    'FILE:2: patterns.use: expected a list, found "dovecot"; write ["dovecot"]',
  ],
  ['a list of nothing', 'map = []', 'FILE:1: map: expected one or more in the list, found an empty list'],
  ['a number for text', '[[map]]\nmta = "none"\ntype = 3', 'FILE:3: map[1].type: expected text in quotes, found 3'],
  [
    'text for a number',
    '[admission]\r\nmax_entries = "10"\r\n',
    'FILE:2: admission.max_entries: expected a number without quotes, found "10"',
  ],
  [
    'a part of a number',
    '[admission]\nmax_entries = 1.5',
    'FILE:2: admission.max_entries: expected a whole number, found 1.5',
  ],
  ['too small a number', '[admission]\nmax_entries = 0', 'FILE:2: admission.max_entries: expected at least 1, found 0'],
  [
    'too large a number',
    '[admission]\nmax_entries = 10000001',
    'FILE:2: admission.max_entries: expected at most 10000000, found 10000001',
  ],
  [
    'text for true or false',
    '[[map]]\nmta = "none"\nnative = "no"',
    'FILE:3: map[1].native: expected true or false without quotes, found "no"',
  ],
  [
    'an empty name',
    '[admission]\nnever_users = [""]',
    'FILE:2: admission.never_users[1]: expected one character or more, found ""',
  ],
  [
    'an unknown word',
    '[[map]]\nmta = "exim"',
    'FILE:2: map[1].mta: expected "sendmail", "postfix" or "none", found "exim"',
  ],
  ['a missing option', '[[map]]\n', 'FILE:1: map[1].mta: missing: expected "sendmail", "postfix" or "none"'],
  [
    'an unknown protocol',
    '[[lookup]]\nprotocol = "http"',
    'FILE:2: lookup[1].protocol: expected "socketmap", "policy", "tcp" or "whoson", found "http"',
  ],
  [
    'no protocol',
    '[[lookup]]\nlisten = "unix:/run/x"\n',
    'FILE:1: lookup[1].protocol: missing: expected "socketmap", "policy", "tcp" or "whoson"',
  ],
  [
    'a number among networks',
    '[[lookup]]\nprotocol = "whoson"\nlisten = "unix:/run/x"\nallow = [3]',
    'FILE:4: lookup[1].allow[1]: expected "unix" or a network such as "127.0.0.1", found 3',
  ],
  [
    'the same source twice',
    '\n[[source]]\nfile = "/a"\n[[source]]\nfile = "/a"\n',
    'FILE:2: source: the same source twice',
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

test('takes a byte-order mark, line ends of DOS and tabs', () => {
  expect(loadConfig(fileWith('\ufeffgrace\t=\t"40m"\r\n[admission]\r\n\tmax_entries = 7\r\n'))).toMatchObject({
    grace: 2_400_000,
    admission: { max_entries: 7 },
  });
});

test('refuses what is not UTF-8, rather than read another name than was meant', () => {
  const file = path.join(tempDir(), 'relaypass.toml');
  writeFileSync(file, Buffer.from('grace = "30m"\n[admission]\nnever_users = ["jos\xe9"]\n', 'latin1'));
  expect(() => loadConfig(file)).toThrow(`${file}:3: not valid TOML: expected UTF-8; convert the file: iconv`);
});

test('lets no control character of the file reach the terminal', () => {
  expect(complaintAbout('grace = "\\u001b[2J"')).toContain('found "\\u{1b}[2J"');
  expect(complaintAbout('grace = "30m"\n\u001b[2J\n')).toMatch(/not valid TOML: .*\\u\{1b\}\[2J/);
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
