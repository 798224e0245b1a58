import { expect, test } from '@jest/globals';
import { appendDefinition, defines, insertRestriction } from '../../src/setup/main-cf.ts';

const NAME = 'smtpd_relay_restrictions';

test.each([
  ['one line', 'x_list = a, reject_unauth_destination\n', 'x_list = a, NEW, reject_unauth_destination\n'],
  ['no blank around the sign', 'x_list=a reject\n', 'x_list=a NEW, reject\n'],
  ['the refusal alone', 'x_list = reject', 'x_list = NEW, reject'],
  [
    'a word a line, of which each keeps its indentation',
    'x_list =\n\ta,\n\treject_unauth_destination\ny = z\n',
    'x_list =\n\ta,\n\tNEW,\n\treject_unauth_destination\ny = z\n',
  ],
  [
    'comments and empty lines in the value',
    'x_list = a,\n# reject\n\n   # reject,\n   b,\n\n   reject\n',
    'x_list = a,\n# reject\n\n   # reject,\n   b,\n\n   NEW,\n   reject\n',
  ],
  ['the last of two definitions', 'x_list = reject\nx_list = a reject\n', 'x_list = reject\nx_list = a NEW, reject\n'],
  [
    'braces, in which a word refuses nothing',
    'x_list = check_policy_service { inet:x, {default_action = reject\n  reject} }, reject\n',
    'x_list = check_policy_service { inet:x, {default_action = reject\n  reject} }, NEW, reject\n',
  ],
  [
    'a refusal that is only a warning',
    'x_list = warn_if_reject reject, warn_if_reject\n  reject_unauth_destination\n  Reject\n',
    'x_list = warn_if_reject reject, warn_if_reject\n  reject_unauth_destination\n  NEW,\n  Reject\n',
  ],
  [
    'a name that only begins so',
    'x_list_two = reject\nx_list = reject\n',
    'x_list_two = reject\nx_list = NEW, reject\n',
  ],
])('puts a restriction before what refuses: %s', (_, text, expected) => {
  const names = (written: string) => written.replaceAll('x_list', NAME);
  expect(insertRestriction(names(text), NAME, ['NEW'])).toBe(names(expected));
});

test.each(['', '# smtpd_relay_restrictions = reject\n', 'smtpd_relay_restrictions = $mine\n'])(
  'puts none where nothing refuses: %j',
  (text) => {
    expect(insertRestriction(text, NAME, ['NEW'])).toBeUndefined();
  },
);

test('a definition that is a comment is none', () => {
  expect(defines(`#${NAME} = a\n # ${NAME} = a\n`, NAME)).toBe(false);
  expect(defines(`a = b\n${NAME} =\n`, NAME)).toBe(true);
});

test('a new definition begins on a line of its own', () => {
  expect(appendDefinition('a = b', 'x', 'c, d')).toBe('a = b\nx = c, d\n');
});
