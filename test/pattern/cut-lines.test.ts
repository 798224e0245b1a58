import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { explainLine } from '../../src/pattern/explain.ts';
import { Matcher } from '../../src/pattern/matcher.ts';
import type { Batch } from '../../src/source/source.ts';
import { linesBatch, loadShipped, matchLines } from './shipped.ts';

const patterns = loadShipped();
const NOW = Date.UTC(2026, 10, 23, 18);
const PEER = 'ip=[::ffff:198.51.100.99], port=[40000]';
const FAILED = 'LOGIN FAILED, user=';
const TRUE_LOGIN = 'LOGIN, user=alice, ip=[192.0.2.7], port=[5], protocol=IMAP';

/** What courierlogger hands to syslog for what the server wrote: fgets of 511 bytes, its level and blanks taken off. */
function pieces(text: string): string[] {
  const cut = text.match(/.{1,511}/gs) ?? [];
  return cut.map((piece) => piece.replace(/^(?:(?:INFO|DEBUG|ERR|WARN|ALERT|CRIT):)? */, ''));
}

function logged(messages: readonly string[], { tag = 'imapd', secondsAgo = 9 } = {}): string[] {
  const stamp = new Date(NOW - secondsAgo * 1000).toISOString();
  return messages.map((message) => `${stamp} mx ${tag}: ${message}`);
}

/** A failed login whose name fills the first piece and goes on with `forged`. */
function attack(forged: string, tag = 'imapd'): string[] {
  const first = `INFO: ${FAILED}`;
  return logged(pieces(`${first.padEnd(511, 'x')}${forged}, ${PEER}`), { tag });
}

function filled(start: string, fill: string, end: string, bytes = 511): string {
  return start + fill.repeat(bytes - start.length - end.length) + end;
}

test.each([
  ["a login of the client's own", 'LOGIN, user=bob'],
  ['a login by way of the port', filled('LOGIN, user=bob, ip=[203.0.113.66], port=[', '1', ']')],
  ['a login by way of the protocol', filled('LOGIN, user=bob, ip=[203.0.113.66], port=[1], protocol=', 'A', '')],
  ['a line of UW imapd', filled('Login user=bob host=', 'h', ' [203.0.113.66]')],
  ['a line of Cyrus', filled('login: [203.0.113.66] bob ', 'm', ' User logged in')],
  ['a line of Cyrus with a long host', filled('login: ', 'h', ' [203.0.113.66] bob PLAIN User logged in')],
  ['a piece that looks short, and a login', `${filled('INFO: ', ' ', 'x')}LOGIN, user=bob`],
  ['pieces that look like short logins', `${filled('INFO:', ' ', `LOGIN, user=bob, ${PEER}`).repeat(9)}x`],
])('Courier: the long name of a failed login that its logger goes on with as %s grants nothing', (_, forged) => {
  for (const tag of ['imapd', 'pop3d', 'imapd-ssl', 'pop3d-ssl']) {
    expect(matchLines(patterns, attack(forged, tag), NOW)).toEqual([]);
  }
});

test('a name that fills its line to the byte, or nearly, grants nothing', () => {
  for (let bytes = 495; bytes < 1040; bytes += bytes === 520 ? 480 : 1) {
    const text = `${`INFO: ${FAILED}`.padEnd(bytes, 'x')}LOGIN, user=bob, ${PEER}`;
    expect(matchLines(patterns, logged(pieces(text)), NOW)).toEqual([]);
  }
});

const FORGED = [
  `LOGIN, user=bob, ${PEER}`,
  'LOGIN, user=bob',
  'Login user=bob host=',
  ' [203.0.113.66]',
  'INFO: ',
  'x',
];
FORGED.push(
  'login: [203.0.113.66] bob ',
  ' User logged in',
  ', ip=[203.0.113.66], port=[',
  ']',
  ' ',
  '1',
  'h',
  'DEBUG: ',
);

test('whatever long name Courier logs, nobody is granted by its pieces', () => {
  const part = fc.tuple(fc.constantFrom(...FORGED), fc.integer({ min: 1, max: 520 }));
  const name = fc.array(part, { minLength: 1, maxLength: 12 }).map((parts) => {
    return parts.map(([text, bytes]) => (text.length === 1 ? text.repeat(bytes) : text)).join('');
  });
  const start = fc.integer({ min: 480, max: 1030 });
  fc.assert(
    fc.property(start, name, fc.constantFrom('imapd', 'pop3d'), (bytes, forged, tag) => {
      const text = `${`INFO: ${FAILED}`.padEnd(bytes, 'x')}${forged}`.slice(0, 8192);
      const found = matchLines(patterns, logged(pieces(`${text}, ${PEER}`), { tag }), NOW);
      expect(found.filter(({ kind }) => kind === 'login')).toEqual([]);
    }),
    { numRuns: 200 },
  );
});

test('the pieces are refused and counted, and so is what the host and tag log in the next two seconds', () => {
  const matcher = new Matcher(patterns, 's');
  const later = Array.from({ length: 30 }, () => TRUE_LOGIN);
  expect(matcher.match(linesBatch(...attack('LOGIN, user=bob'), ...logged(later, { secondsAgo: 7 })), NOW)).toEqual([]);
  expect(matcher.counts.refused).toBe(32);
});

test('the last piece is refused however late its logger writes it', () => {
  const [long = '', ...rest] = attack('LOGIN, user=bob');
  const late = rest.map((line) => line.replace(/^[^ ]+/, new Date(NOW).toISOString()));
  expect(matchLines(patterns, [long, ...late], NOW)).toEqual([]);
});

test('another host, another tag and, after seventeen lines, the tag itself log in as ever', () => {
  const long = attack('');
  const others = [
    ...logged([TRUE_LOGIN], { tag: 'pop3d' }),
    ...logged([TRUE_LOGIN]).map((line) => line.replace(' mx ', ' my ')),
  ];
  const later = Array.from({ length: 18 }, () => TRUE_LOGIN);
  expect(matchLines(patterns, [...long, ...others, ...logged(later, { secondsAgo: 1 })], NOW)).toHaveLength(3);
});

test('a crash between two pieces grants nothing', () => {
  const [long = '', ...rest] = attack('LOGIN, user=bob');
  const before = new Matcher(patterns, 's');
  before.match(linesBatch(long), NOW);
  const after = new Matcher(patterns, 's');
  after.restore(JSON.parse(JSON.stringify(before.state)));
  expect(after.match(linesBatch(...rest), NOW)).toEqual([]);
});

test('pieces in the journal grant nothing, and nobody but the server can make its lines be refused', () => {
  const trusted = { unit: 'courier-imap.service', uid: 0 };
  const messages = pieces(`${`INFO: ${FAILED}`.padEnd(511, 'x')}LOGIN, user=bob, ${PEER}`);
  const batch = (by: typeof trusted): Batch => ({
    kind: 'records',
    records: [
      ...messages.map((message) => ({ at: NOW, tag: 'imapd', pid: 1, message, trusted: by })),
      { at: NOW, tag: 'imapd', pid: 1, message: TRUE_LOGIN, trusted },
    ],
    checkpoint: {},
    notices: [],
  });
  expect(new Matcher(patterns, 'journal').match(batch(trusted), NOW)).toEqual([]);
  const byUser = new Matcher(patterns, 'journal').match(batch({ unit: 'session-3.scope', uid: 1000 }), NOW);
  expect(byUser.map(({ user }) => user)).toEqual(['alice']);
});

test('long lines of servers whose loggers do not cut are read as ever', () => {
  const user = 'u'.repeat(250);
  const line = `imap-login: Login: user=<${user}>, method=PLAIN, rip=198.51.100.1, lip=192.0.2.1, mpid=9, session=<${'x'.repeat(250)}>`;
  expect(line.length).toBeGreaterThan(511);
  expect(matchLines(patterns, logged([line, line], { tag: 'dovecot' }), NOW)).toHaveLength(2);
});

test('why a long line is no login is told', () => {
  expect(explainLine(patterns, attack('')[0] ?? '', NOW).why).toBe('cut');
});
