import { expect, test } from '@jest/globals';
import { parseMakemap, parsePostmap } from '../../src/map/base.ts';

test('reads an access file as makemap does', () => {
  const text = '# who may relay\n\nConnect:192.0.2\tREJECT\nFrom:spam.example  ERROR:"550 5.7.1 no"  \n';
  expect(parseMakemap(text)).toEqual({
    rows: [
      { key: 'Connect:192.0.2', value: 'REJECT' },
      { key: 'From:spam.example', value: 'ERROR:"550 5.7.1 no"' },
    ],
  });
});

test('reads a table as postmap does, with lines that go on', () => {
  const text = '  # comment\n192.0.2\n   REJECT go\n\n# in between\n  away\nMail.Example OK\n';
  expect(parsePostmap(text)).toEqual({
    rows: [
      { key: '192.0.2', value: 'REJECT go  away' },
      { key: 'mail.example', value: 'OK' },
    ],
  });
});

test.each([
  ['a b\n c d\n', 2, 'expected a key, blanks and a value'],
  ['a b\nalone\n', 2, 'expected a key, blanks and a value'],
  ['a b\n\n# x\nA c\n', 4, 'has the same key as line 1'],
  [`a ${'b'.repeat(1100)}\n`, 1, 'is longer than 1023 bytes'],
  ['a b\nc \u{fffd}\n', 2, 'expected text in UTF-8'],
])('says in which line of an access file the error is: %j', (text, line, complaint) => {
  expect(parseMakemap(text)).toEqual({ line, complaint });
});

test.each([
  ['a b\nalone\n', 2, 'expected a key, blanks and a value'],
  ['a\n  b\nA c\n', 3, 'has the same key as line 1'],
])('says in which line of a table the error is: %j', (text, line, complaint) => {
  expect(parsePostmap(text)).toEqual({ line, complaint });
});
