import { expect, test } from '@jest/globals';
import path from 'node:path';
import { createLog } from '../../src/log.ts';
import { loadPatterns } from '../../src/pattern/load.ts';
import { folderOf, LOGIN_REGEX, LOGIN_SAMPLES, patternText } from './temporary.ts';

const NOWHERE = '/nonexistent/relaypass/patterns.d';

function load(config: Partial<Parameters<typeof loadPatterns>[0]>) {
  const lines: string[] = [];
  const log = createLog({ write: (line) => void lines.push(line), priorities: false });
  return { patterns: loadPatterns({ dir: NOWHERE, on_bad_pattern: 'refuse', ...config }, log), lines };
}

function names(config: Partial<Parameters<typeof loadPatterns>[0]>): string[] {
  return load(config).patterns.map(({ name }) => name);
}

const GOOD = { 'test.toml': patternText('test', LOGIN_REGEX), 'test.samples': LOGIN_SAMPLES };
const BAD = { 'bad.toml': patternText('bad', '^(?P<user>a'), 'bad.samples': LOGIN_SAMPLES };

test('all shipped patterns are used but for those that are off by default', () => {
  expect(names({})).toEqual(expect.arrayContaining(['courier', 'cyrus', 'dovecot', 'qpopper', 'uw-imap']));
  for (const off of ['exim', 'postfix', 'sendmail', 'up-imapproxy']) expect(names({})).not.toContain(off);
});

test('a pattern that is off by default is used when it is named', () => {
  expect(names({ use: ['postfix', 'dovecot'] })).toEqual(['postfix', 'dovecot']);
});

test("the admin's own patterns are used, and one of a shipped name replaces it", () => {
  const own = patternText('dovecot', LOGIN_REGEX).replace('dovecotd', 'testd');
  const dir = folderOf({ ...GOOD, 'dovecot.toml': own, 'dovecot.samples': LOGIN_SAMPLES });
  const { patterns } = load({ dir, use: ['test', 'dovecot'] });
  expect(patterns.map(({ tags }) => tags)).toEqual([['testd'], ['testd']]);
});

test('an unknown name is refused, with the known ones', () => {
  expect(() => names({ use: ['dovcot'] })).toThrow(/no pattern "dovcot"; there are: apple-imap, courier/);
});

test('a bad pattern is refused with its file, by default', () => {
  const dir = folderOf({ ...GOOD, ...BAD });
  expect(() => names({ dir })).toThrow(`${path.join(dir, 'bad.toml')}:9: login.regex`);
});

test('a bad pattern is left out and logged where the configuration says so', () => {
  const dir = folderOf({ ...GOOD, ...BAD });
  const { patterns, lines } = load({ dir, on_bad_pattern: 'skip', use: ['test', 'bad'] });
  expect(patterns.map(({ name }) => name)).toEqual(['test']);
  expect(lines.join('')).toMatch(/left out a bad pattern pattern=bad reason=/);
});

test('to be left without a pattern is refused, whatever the configuration says', () => {
  const dir = folderOf(BAD);
  expect(() => names({ dir, on_bad_pattern: 'skip', use: ['bad'] })).toThrow(/none is left/);
});
