import { expect, test } from '@jest/globals';
import { globMatcher } from '../../src/source/glob.ts';

test('takes a name without * for no pattern', () => {
  expect(globMatcher('mail.log')).toBeUndefined();
});

test.each([
  ['dovecot*.log', 'dovecot.log', true],
  ['dovecot*.log', 'dovecot-info.log', true],
  ['dovecot*.log', 'dovecotXlog', false],
  ['dovecot*.log', 'dovecot.log.1', false],
  ['mail*', 'mail.log', true],
  ['mail*', 'mail.log.1', false],
  ['mail*', 'mail.log.2.gz', false],
  ['mail*', 'mail.log-20261124', false],
  ['maillog-*', 'maillog-20261124', true],
  ['mail-*.log', 'mail-20261124.log', true],
  ['*', '.hidden', false],
])('by %s the name %s is a log: %s', (pattern, name, expected) => {
  expect(globMatcher(pattern)?.(name)).toBe(expected);
});
