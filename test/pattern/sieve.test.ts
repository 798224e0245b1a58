import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import path from 'node:path';
import { explainLine } from '../../src/pattern/explain.ts';
import { readPattern } from '../../src/pattern/file.ts';
import { Sieve } from '../../src/pattern/sieve.ts';
import { loadShipped } from './shipped.ts';
import { folderOf, patternText } from './temporary.ts';

const shipped = new Sieve(loadShipped());
const NOW = Date.UTC(2026, 10, 24);
const LOGIN = 'imap-login: Login: user=<alice>, method=PLAIN, rip=198.51.100.1, lip=192.0.2.1';

function passes(line: string, sieve = shipped): boolean {
  const bytes = Buffer.from(`x\n${line}\nx`);
  return sieve.passes(bytes, 2, bytes.length - 2);
}

test.each([
  ["another program's", 'Nov 23 18:00:00 mx postfix/qmgr[9]: 4F: removed'],
  ['one with an RFC 3339 stamp', '2026-11-23T18:00:00.123456+01:00 mx postfix/qmgr[9]: 4F: removed'],
  ["a server's that is no login", 'Nov 23 18:00:00 mx dovecot: imap-login: Disconnected: rip=198.51.100.1'],
  ['the same with a pid', 'Nov 23 18:00:00 mx dovecot[9]: imap-login: Disconnected: rip=198.51.100.1'],
  ['a login that is cut short', 'Nov 23 18:00:00 mx dovecot: imap-login: Log'],
])('stops %s line', (_, line) => {
  expect(passes(line)).toBe(false);
});

test.each([
  ['a login', `Nov 23 18:00:00 mx dovecot: ${LOGIN}`],
  ['a repeated one', `Nov 23 18:00:00 mx dovecot: message repeated 3 times: [ ${LOGIN}]`],
  ['one with a facility before its tag, as busybox writes it', `Nov 23 18:00:00 mx mail.info dovecot: ${LOGIN}`],
  [
    "nginx's, whose tag is the host",
    'Nov 23 18:00:00 mx mx nginx: 2026/11/23 18:00:00 [info] 9#9: *1 client logged in',
  ],
  ["classic syslogd's repeat", 'Nov 23 18:00:00 mx last message repeated 3 times'],
  ["a logger's word of lines it dropped", 'Nov 23 18:00:00 mx rsyslogd: imuxsock lost 123 messages'],
])('lets pass %s', (_, line) => {
  expect(passes(line)).toBe(true);
});

test.each(['i', 'in', 'ind'])('knows the tag %s, however short', (tag) => {
  const file = path.join(
    folderOf({ 'test.toml': patternText('test', '^ok (?P<user>[a-z]+)$').replace('testd', tag) }),
    'test.toml',
  );
  const sieve = new Sieve([readPattern(file)]);
  for (const rest of [': ok bob', '[9]: ok bob', ' ok bob']) {
    expect([rest, passes(`Nov 23 18:00:00 mx ${tag}${rest}`, sieve)]).toEqual([rest, true]);
  }
});

/** Headers of every form, whole and damaged. */
const header = fc
  .tuple(
    fc.constantFrom(
      'Nov 23 18:00:00',
      'Nov  3 18:00:00.5',
      '2026-11-23T18:00:00Z',
      '2026-11-23T18:00:00.123+01:00',
      '2026-11-23T18:00:00.123456+01:00',
      '2026-11-23 18:00:00',
      'Nov 23 2026 18:00:00',
      'Mon Nov 23 18:00:00 2026',
      '<22>Nov 23 18:00:00',
      '<22>1 2026-11-23T18:00:00Z',
      'testd:',
    ),
    fc.constantFrom(' ', ' ', '  ', ''),
    fc.constantFrom('mx', 'mx', 'mail.info', 'mx mail.info', 'mx mx', 'mx mx.example.org', 'testd', '[mx]', 'm\tx', ''),
    fc.constantFrom(' ', ' ', ''),
    fc.constantFrom('testd', 'testd', 'mx', 'x', ''),
    fc.constantFrom('', '[9]', '[]', '[x]', '[9', ' 9 - -', '[99999999999]'),
    fc.constantFrom(': ', ':', ' ', ':  ', '', ': [ID 1 mail.info] ', ': message repeated 2 times: [ '),
  )
  .map((parts) => parts.join(''));

test('whatever the header, no line is stopped that a pattern matches', () => {
  const text = patternText('test', '^ok (?P<user>[a-z]+)$', 'own_tags = ["testd", ""]');
  const own = [readPattern(path.join(folderOf({ 'test.toml': text }), 'test.toml'))];
  const ownSieve = new Sieve(own);
  let matching = 0;
  fc.assert(
    fc.property(header, (start) => {
      const line = `${start}ok bob`;
      const { why } = explainLine(own, line, NOW);
      if (['no-header', 'bad-time', 'no-pattern', 'no-match'].includes(why)) return;
      matching++;
      expect([line, passes(line, ownSieve)]).toEqual([line, true]);
    }),
    { numRuns: 20_000 },
  );
  expect(matching).toBeGreaterThan(100);
});
