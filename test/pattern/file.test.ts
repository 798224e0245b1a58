import { expect, test } from '@jest/globals';
import path from 'node:path';
import { OperationalError } from '../../src/errors.ts';
import { loadPattern } from '../../src/pattern/file.ts';
import { folderOf, LOGIN_REGEX, LOGIN_SAMPLES, patternText } from './temporary.ts';

function failure(text: string, samples = LOGIN_SAMPLES): { message: string; exitStatus: number } {
  const dir = folderOf({ 'test.toml': text, 'test.samples': samples });
  try {
    loadPattern(path.join(dir, 'test.toml'));
  } catch (error) {
    if (!(error instanceof OperationalError)) throw error;
    return { message: error.message.replaceAll(`${dir}/`, ''), exitStatus: error.exitStatus };
  }
  return { message: 'loaded', exitStatus: 0 };
}

test('a pattern with its samples loads', () => {
  expect(failure(patternText('test', LOGIN_REGEX))).toEqual({ message: 'loaded', exitStatus: 0 });
});

test('a regex that breaks a rule is named by file, line, column and reason, with exit 78', () => {
  const { message, exitStatus } = failure(patternText('test', LOGIN_REGEX.replace('[^<> ]+', '.*')));
  expect(exitStatus).toBe(78);
  expect(message).toMatch(/^test\.toml:9: login\.regex: column 25: a repeat before the address/);
});

test.each([
  [
    'another name than its file',
    patternText('other', LOGIN_REGEX),
    /^test\.toml:1: name: expected the file's own, "test"/,
  ],
  ['an unknown option', patternText('test', LOGIN_REGEX, 'tag = "x"'), /^test\.toml:6: tag: unknown option/],
  ['no login', 'name = "test"\ntitle = "T"\nauthor = "A"\nfacts = "F"\n', /login/],
  [
    'a tag with a pid',
    patternText('test', LOGIN_REGEX).replace('testd', 'testd[9]'),
    /expected a syslog tag without pid/,
  ],
  ['no group for the user', patternText('test', LOGIN_REGEX.replace('user', 'name')), /no group "user"/],
  ['TOML that is none', 'name = ', /^test\.toml:1:\d+: not valid TOML/],
  [
    'a wait of an hour',
    patternText('test', LOGIN_REGEX, 'open_for = "1h"'),
    /open_for: expected a duration from "1s" to "10m"/,
  ],
  [
    'a login that needs an open line which it does not describe',
    patternText('test', LOGIN_REGEX).replace('service =', 'needs_open = "always"\nservice ='),
    /^test\.toml:8: login\.needs_open: no \[\[open\]\]/,
  ],
  [
    'a failure without an address',
    `${patternText('test', LOGIN_REGEX)}[[failure]]\nreason = "R"\nregex = '^no (?P<user>[a-z]+) from$'\n`,
    /^test\.toml:12: failure\.regex: no group "address"/,
  ],
  [
    'a failure that needs an open line which it does not describe',
    `${patternText('test', LOGIN_REGEX)}[[failure]]\nreason = "R"\nneeds_open = "always"\nregex = '^no$'\n`,
    /^test\.toml:12: failure\.needs_open: no \[\[open\]\]/,
  ],
  [
    'a failure without its reason',
    `${patternText('test', LOGIN_REGEX)}[[failure]]\nregex = '^no$'\n`,
    /^test\.toml:10: failure\[1\]\.reason: /,
  ],
])('a file with %s is refused', (_, text, reason) => {
  const { message, exitStatus } = failure(text);
  expect(message).toMatch(reason);
  expect(exitStatus).toBe(78);
});

test.each([
  [
    'no line for a regex',
    '# nothing\nNov 23 18:00:00 mx testd: x\n',
    /no sample that regex 1 of test \(login\) matches/,
  ],
  ['no line that is no login', LOGIN_SAMPLES.split('\n\n')[0] ?? '', /no sample of a line that is no login/],
  [
    'a wrong address',
    LOGIN_SAMPLES.replace('=198', '=199'),
    /^test\.samples:1: expected address=199.* found login address=198/,
  ],
  ['a wrong user', LOGIN_SAMPLES.replace('user=bob', 'user=eve'), /^test\.samples:1: expected user=eve/],
  [
    'a login under "nothing"',
    LOGIN_SAMPLES.replace('no bob', 'ok bob'),
    /^test\.samples:4: expected nothing, found login/,
  ],
  [
    'no login under "login"',
    LOGIN_SAMPLES.replace('ok bob', 'no bob'),
    /^test\.samples:1: expected a login, found nothing/,
  ],
  [
    'a line without a verdict',
    `Nov 23 18:00:00 mx a: b\n${LOGIN_SAMPLES}`,
    /^test\.samples:1: a line without its verdict/,
  ],
  ['a verdict without a line', `# nothing\n\n${LOGIN_SAMPLES}`, /^test\.samples:1: a verdict without a line/],
  ['a verdict of its own kind', `# maybe\nx\n${LOGIN_SAMPLES}`, /^test\.samples:1: expected "# login"/],
  ['a verdict without a user', LOGIN_SAMPLES.replace(' user=bob', ''), /^test\.samples:1: expected user=/],
])('samples with %s are refused', (_, samples, reason) => {
  expect(failure(patternText('test', LOGIN_REGEX), samples).message).toMatch(reason);
});

const FAILURE = `[[failure]]
service = "pop3"
reason = "wrong password"
regex = '''${LOGIN_REGEX.replace('ok', 'no')}'''
`;
const FAILURE_SAMPLES =
  LOGIN_SAMPLES.replace('# nothing', '# failure address=198.51.100.1 user=bob service=pop3') + '\n# nothing\nx\n';

test('a pattern with a failure and its samples loads', () => {
  expect(failure(patternText('test', LOGIN_REGEX) + FAILURE, FAILURE_SAMPLES).message).toBe('loaded');
});

test.each([
  ['a failure under "nothing"', LOGIN_SAMPLES, /^test\.samples:4: expected nothing, found failure address=198/],
  [
    'a wrong address of a failure',
    FAILURE_SAMPLES.replace('failure address=1', 'failure address=2'),
    /:4: expected address=298/,
  ],
  ['a login under "failure"', FAILURE_SAMPLES.replace('no bob', 'ok bob'), /:4: expected a failure, found login/],
  [
    'a failure without an address',
    FAILURE_SAMPLES.replace('failure address=198.51.100.1', 'failure'),
    /:4: expected address=/,
  ],
  [
    'no line for a failure',
    FAILURE_SAMPLES.replace(/# failure[^]*?\n\n/, ''),
    /no sample that regex 2 of test \(failure\) matches/,
  ],
])('samples with %s are refused', (_, samples, reason) => {
  expect(failure(patternText('test', LOGIN_REGEX) + FAILURE, samples).message).toMatch(reason);
});

test('a pattern without samples is refused', () => {
  const dir = folderOf({ 'test.toml': patternText('test', LOGIN_REGEX) });
  expect(() => loadPattern(path.join(dir, 'test.toml'))).toThrow(/a pattern without samples is not used/);
});
