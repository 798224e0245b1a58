import { expect, test } from '@jest/globals';
import path from 'node:path';
import { readPattern } from '../../src/pattern/file.ts';
import { Matcher } from '../../src/pattern/matcher.ts';
import type { Match } from '../../src/pattern/match.ts';
import type { Pattern } from '../../src/pattern/pattern.ts';
import type { Batch, LogRecord } from '../../src/source/source.ts';
import { linesBatch, loadShipped, matchLines } from './shipped.ts';
import { folderOf, LOGIN_REGEX, patternText } from './temporary.ts';

const patterns = loadShipped();
const MINUTE_MS = 60_000;

/** A stamp of today in local time, `secondsAgo` before {@link NOW}. */
function stamp(secondsAgo = 0): string {
  return `${new Date(NOW - secondsAgo * 1000).toISOString().slice(0, 19)}Z mx`;
}

const NOW = Date.UTC(2026, 10, 23, 18);
const DOVECOT = 'imap-login: Login: user=<alice>, method=PLAIN, rip=198.51.100.1, lip=192.0.2.1, mpid=9, session=<AbC>';

function brief(matches: readonly Match[]): string[] {
  return matches.map(({ kind, address, user, service }) => `${kind} ${address} ${user} ${service}`);
}

test('a login tells who, from where, to what, by which pattern, when, from which source and line', () => {
  const line = `${stamp(5)} dovecot[442]: ${DOVECOT}`;
  const matcher = new Matcher(patterns, 'file:/var/log/mail.log');
  expect(matcher.match(linesBatch(line), NOW)).toEqual([
    {
      kind: 'login',
      pattern: 'dovecot',
      user: 'alice',
      address: '198.51.100.1',
      serverAddress: '192.0.2.1',
      service: 'imap',
      session: undefined,
      at: NOW - 5000,
      source: 'file:/var/log/mail.log',
      line,
    },
  ]);
  expect(matcher.counts.logins).toEqual(new Map([['dovecot', 1]]));
});

test('a name in UTF-8 is read as such', () => {
  const [match] = matchLines(patterns, [`${stamp()} dovecot: ${DOVECOT.replace('alice', 'josé')}`], NOW);
  expect(match?.user).toBe('josé');
});

test.each([
  ['a control character', 'al\u0007ice'],
  ['a tab', 'al\tice'],
  ['a carriage return', 'al\rice'],
  ['U+0085', 'al\u0085ice'],
  ['U+2028', 'al\u2028ice'],
  ['a NUL', 'al\u0000ice'],
])('a line with %s is refused and counted', (_, user) => {
  const matcher = new Matcher(patterns, 's');
  expect(matcher.match(linesBatch(`${stamp()} dovecot: ${DOVECOT.replace('alice', user)}`), NOW)).toEqual([]);
  expect(matcher.counts.refused).toBe(1);
});

test('a user of more than 255 characters is refused', () => {
  const lines = [255, 256].map((length) => `${stamp()} dovecot: ${DOVECOT.replace('alice', 'u'.repeat(length))}`);
  expect(matchLines(patterns, lines, NOW)).toHaveLength(1);
});

test('joined lines of one pid grant once, in whichever order clients come', () => {
  const lines = [
    `${stamp(3)} popa3d[1]: Session from 198.51.100.1`,
    `${stamp(3)} popa3d[2]: Session from 198.51.100.2`,
    `${stamp(2)} popa3d[2]: Authentication passed for bob`,
    `${stamp(1)} popa3d[1]: Authentication passed for alice`,
    `${stamp(1)} popa3d[1]: Authentication passed for alice`,
  ];
  expect(brief(matchLines(patterns, lines, NOW))).toEqual([
    'login 198.51.100.2 bob pop3',
    'login 198.51.100.1 alice pop3',
  ]);
});

test('lines without a pid are not joined', () => {
  const lines = [`${stamp()} popa3d: Session from 198.51.100.1`, `${stamp()} popa3d: Authentication passed for bob`];
  expect(matchLines(patterns, lines, NOW)).toEqual([]);
});

test('lines of two hosts are not joined', () => {
  const lines = [
    `${stamp()} popa3d[1]: Session from 198.51.100.1`,
    `${stamp()}2 popa3d[1]: Authentication passed for bob`,
  ];
  expect(matchLines(patterns, lines, NOW)).toEqual([]);
});

test('a thousand clients that only connect push out the oldest and no more', () => {
  const opens = Array.from({ length: 1001 }, (_, pid) => `${stamp()} popa3d[${pid}]: Session from 198.51.100.1`);
  const logins = [0, 1].map((pid) => `${stamp()} popa3d[${pid}]: Authentication passed for u${pid}`);
  expect(brief(matchLines(patterns, [...opens, ...logins], NOW))).toEqual(['login 198.51.100.1 u1 pop3']);
});

test('clients that only connect to one server push out none of another', () => {
  const opens = Array.from({ length: 1001 }, (_, pid) => `${stamp()} spop3d[${pid}]: connect from 198.51.100.1`);
  const lines = [`${stamp()} popa3d[1]: Session from 198.51.100.1`, ...opens];
  lines.push(`${stamp()} popa3d[1]: Authentication passed for bob`);
  expect(brief(matchLines(patterns, lines, NOW))).toEqual(['login 198.51.100.1 bob pop3']);
});

/** What is left of a matcher after kill -9, when its state was stored with the checkpoint. */
function restarted(matcher: Matcher): Matcher {
  const next = new Matcher(patterns, 's');
  next.restore(JSON.parse(JSON.stringify(matcher.state)));
  return next;
}

test.each([
  ['joined lines', 'popa3d[1]: Session from 198.51.100.1', 'popa3d[1]: Authentication passed for bob'],
  [
    "a Courier login and its Connection line's",
    'imapd: Connection, ip=[198.51.100.1], port=[5]',
    'imapd: LOGIN, user=bob, ip=[198.51.100.1], port=[5], protocol=IMAP',
  ],
  ['a repeated line', `dovecot: ${DOVECOT}`, `dovecot: message repeated 2 times: [ ${DOVECOT}]`],
  ['a repeated line of syslogd', `dovecot: ${DOVECOT}`, 'last message repeated 2 times'],
])('a crash between %s loses nothing', (_, first, second) => {
  const before = new Matcher(patterns, 's');
  before.match(linesBatch(`${stamp(1)} ${first}`), NOW);
  expect(restarted(before).match(linesBatch(`${stamp()} ${second}`), NOW)).toHaveLength(1);
});

test('a state that is not understood is as none', () => {
  const matcher = new Matcher(patterns, 's');
  for (const state of [undefined, null, 7, {}, { opens: 'x' }]) matcher.restore(state);
  expect(matcher.match(linesBatch(`${stamp()} dovecot: ${DOVECOT}`), NOW)).toHaveLength(1);
});

test('"message repeated" is a login of its own time', () => {
  const lines = [`${stamp(20)} dovecot: ${DOVECOT}`, `${stamp(5)} dovecot: message repeated 3 times: [ ${DOVECOT}]`];
  expect(matchLines(patterns, lines, NOW).map(({ at }) => NOW - at)).toEqual([20_000, 5000]);
});

test.each([
  ['another text', `${stamp()} dovecot: message repeated 3 times: [ ${DOVECOT.replace('198.51.100.1', '6.6.6.6')}]`],
  ['another host', `${stamp()}2 dovecot: message repeated 3 times: [ ${DOVECOT}]`],
  ['another program', `${stamp()} cyrus/imap: message repeated 3 times: [ ${DOVECOT}]`],
  ['no end', `${stamp()} dovecot: message repeated 3 times: [ ${DOVECOT}`],
])('"message repeated" with %s is nothing', (_, repeat) => {
  expect(matchLines(patterns, [`${stamp()} dovecot: ${DOVECOT}`, repeat], NOW)).toHaveLength(1);
});

test('"last message repeated" stands for the login right before it, again and again', () => {
  const lines = [`${stamp(9)} dovecot: ${DOVECOT}`, `${stamp(6)} last message repeated 2 times`];
  lines.push(`${stamp(3)} last message repeated 5 times`);
  expect(matchLines(patterns, lines, NOW).map(({ at }) => NOW - at)).toEqual([9000, 6000, 3000]);
});

test.each([
  ['another line in between', [`${stamp()} dovecot: ${DOVECOT}`, `${stamp()} sm-mta[1]: x`]],
  ['a line without a header in between', [`${stamp()} dovecot: ${DOVECOT}`, 'x']],
  ['a failed login in between', [`${stamp()} dovecot: ${DOVECOT}`, `${stamp()} dovecot: imap-login: Disconnected`]],
  ['the login on another host', [`${stamp()}2 dovecot: ${DOVECOT}`]],
])('"last message repeated" with %s is nothing', (_, lines) => {
  expect(matchLines(patterns, [...lines, `${stamp()} last message repeated 2 times`], NOW)).toHaveLength(1);
});

test('a user name with an angle bracket is none, whatever an own pattern lets through', () => {
  const dir = folderOf({ 'test.toml': patternText('test', LOGIN_REGEX.replace('[^<> ]', '[^ ]')) });
  const matcher = new Matcher([readPattern(path.join(dir, 'test.toml'))], 's');
  const batch = linesBatch(
    ...['bob', 'bob>', '<bob'].map((user) => `${stamp()} testd[9]: ok ${user} from 198.51.100.1`),
  );
  expect(matcher.match(batch, NOW).map(({ user }) => user)).toEqual(['bob']);
  expect(matcher.counts.refused).toBe(2);
});

test('hits before `since` are skipped and counted; what opens a later login is not', () => {
  const matcher = new Matcher(patterns, 's');
  const batch = linesBatch(
    `${stamp(3600)} dovecot: ${DOVECOT}`,
    `${stamp(65)} dovecot: ${DOVECOT}`,
    `${stamp(65)} popa3d[1]: Session from 198.51.100.1`,
    `${stamp(55)} popa3d[1]: Authentication passed for bob`,
  );
  expect(brief(matcher.match(batch, NOW, NOW - MINUTE_MS))).toEqual(['login 198.51.100.1 bob pop3']);
  expect(matcher.counts).toMatchObject({ lines: 4, skipped: 2 });
});

test('a logout is told for longer than a login, since it may end a session that is kept', () => {
  const [login, logout] = [DOVECOT, 'imap(alice)<9><AbC>: Disconnected: Logged out in=8 out=468'];
  const batch = linesBatch(
    ...[7200, 3600, 55].flatMap((ago) => [`${stamp(ago)} dovecot: ${login}`, `${stamp(ago - 1)} dovecot: ${logout}`]),
  );
  const found = new Matcher(patterns, 's').match(batch, NOW, NOW - MINUTE_MS, NOW - 61 * MINUTE_MS);
  expect(found.map(({ kind, at }) => [kind, NOW - at])).toEqual([
    ['logout', 3_599_000],
    ['login', 55_000],
    ['logout', 54_000],
  ]);
});

test('of the logouts of a backlog those of awaited sessions are found, and of what is younger each', () => {
  const logouts = [3600, 3599, 5].flatMap((ago) =>
    ['AbC', 'XyZ'].map((id) => `${stamp(ago)} dovecot: imap(alice)<9><${id}0123456789>: Disconnected: Logged out`),
  );
  const matcher = new Matcher(patterns, 's');
  matcher.awaitSessions(['AbC0123456789'], NOW - MINUTE_MS);
  const found = matcher.match(linesBatch(...logouts), NOW, NOW - MINUTE_MS, NOW - 61 * MINUTE_MS);
  expect(found.map(({ session, at }) => `${session} ${NOW - at}`)).toEqual([
    'AbC0123456789 3600000',
    'AbC0123456789 3599000',
    'AbC0123456789 5000',
    'XyZ0123456789 5000',
  ]);
});

test('a clock that is set back after sessions were awaited makes no login too old', () => {
  const matcher = new Matcher(patterns, 's');
  matcher.awaitSessions([], NOW + 24 * 60 * MINUTE_MS);
  const batch = linesBatch(`${stamp(55)} dovecot: ${DOVECOT}`);
  expect(matcher.match(batch, NOW, NOW - MINUTE_MS)).toHaveLength(1);
});

test('Courier: once Connection lines are seen, a login without its own is refused', () => {
  const login = `${stamp()} imapd: LOGIN, user=bob, ip=[198.51.100.1], port=[5], protocol=IMAP`;
  expect(matchLines(patterns, [login], NOW)).toHaveLength(1);
  const other = `${stamp(1)} imapd: Connection, ip=[203.0.113.66], port=[5]`;
  expect(matchLines(patterns, [other, login], NOW)).toEqual([]);
  const before = new Matcher(patterns, 's');
  before.match(linesBatch(other), NOW);
  expect(restarted(before).match(linesBatch(login), NOW)).toEqual([]);
});

test('a session id is told only where logouts are logged that end it', () => {
  const [login, logout] = [
    `${stamp(9)} dovecot: ${DOVECOT}`,
    `${stamp(8)} dovecot: imap(alice)<9><AbC>: Disconnected: Logged out in=8 out=468`,
  ];
  const found = matchLines(patterns, [login, logout, login], NOW);
  expect(found.map(({ kind, session }) => [kind, session])).toEqual([
    ['login', undefined],
    ['logout', 'AbC'],
    ['login', 'AbC'],
  ]);
});

test('a restart does not forget that logouts are logged', () => {
  const before = new Matcher(patterns, 's');
  before.match(linesBatch(`${stamp(8)} dovecot: imap(alice)<9><x>: Disconnected: Logged out in=8 out=468`), NOW);
  const found = restarted(before).match(linesBatch(`${stamp(7)} dovecot: ${DOVECOT}`), NOW);
  expect(found.map(({ session }) => session)).toEqual(['AbC']);
});

test.each([
  ['', '{}'],
  [', as after an outage of days', `{"logoutAt":[["dovecot",${NOW - 3 * 86_400_000}]]}`],
])('a logout from before `since` shows that they are logged%s', (_, state) => {
  const logout = `${stamp(599)} dovecot: imap(alice)<9><AbC>: Disconnected: Logged out in=8 out=468`;
  const batch = linesBatch(logout, `${stamp(9)} dovecot: ${DOVECOT}`);
  const matcher = new Matcher(patterns, 's');
  matcher.restore({ ...matcher.state, ...JSON.parse(state) });
  const found = matcher.match(batch, NOW, NOW - MINUTE_MS);
  expect(found.map(({ kind, session }) => [kind, session])).toEqual([['login', 'AbC']]);
});

test('lines that come late, from another file of a glob or a slow logger, count, and logouts with them', () => {
  const logout = 'imap(alice)<9><AbC>: Disconnected: Logged out in=8 out=468';
  const matcher = new Matcher(patterns, 's');
  matcher.match(linesBatch(`${stamp(1)} dovecot: ${DOVECOT}`), NOW);
  const late = linesBatch(`${stamp(180)} dovecot: ${DOVECOT}`, `${stamp(179)} dovecot: ${logout}`);
  expect(matcher.match(late, NOW).map(({ kind, at }) => [kind, NOW - at])).toEqual([
    ['login', 180_000],
    ['logout', 179_000],
  ]);
  expect(matcher.counts.refused).toBe(0);
});

test('loggers that dropped lines are told of', () => {
  const matcher = new Matcher(patterns, 's');
  matcher.match(
    linesBatch(
      `${stamp()} rsyslogd: imuxsock lost 123 messages from pid 442 due to rate-limiting`,
      `${stamp()} rsyslogd-2177: imuxsock begins to drop messages from pid 442 due to rate-limiting`,
      `${stamp()} systemd-journald[99]: Suppressed 1234 messages from dovecot.service`,
      `${stamp()} rsyslogd: action 'x' resumed`,
      `${stamp()} sm-mta[1]: lost 7 messages`,
    ),
    NOW,
  );
  const notices = matcher.takeNotices();
  expect(notices.map(({ kind, count }) => [kind, count])).toEqual([
    ['lines-dropped-by-logger', 123],
    ['lines-dropped-by-logger', undefined],
    ['lines-dropped-by-logger', 1234],
  ]);
  expect(matcher.takeNotices()).toEqual([]);
});

function record(trusted: LogRecord['trusted'], message = DOVECOT, tag = 'dovecot'): Batch {
  return { kind: 'records', records: [{ at: NOW, tag, pid: 9, message, trusted }], checkpoint: {}, notices: [] };
}

test.each([
  ["of the server's unit", { unit: 'dovecot.service', uid: 0 }, 1],
  ['of an instance of it', { unit: 'dovecot@x.service', uid: 0 }, 1],
  ['of root, when the unit is not known any more', { unit: undefined, uid: 0 }, 1],
  ["of another unit, such as a relaying rsyslog's", { unit: 'rsyslog.service', uid: 0 }, 0],
  ['of a user session', { unit: 'session-3.scope', uid: 1000 }, 0],
  ['of a unit that only starts alike', { unit: 'dovecot@x.scope', uid: 0 }, 0],
  ['of another user', { unit: undefined, uid: 1000 }, 0],
  ['of nobody known', { unit: undefined, uid: undefined }, 0],
])('a journal record %s is believed or not', (_, trusted, found) => {
  const matcher = new Matcher(patterns, 'journal');
  expect(matcher.match(record(trusted), NOW)).toHaveLength(found);
  expect(matcher.counts.refused).toBe(1 - found);
});

test('a journal record of more than one line is refused', () => {
  const trusted = { unit: 'dovecot.service', uid: 0 };
  expect(new Matcher(patterns, 'journal').match(record(trusted, `${DOVECOT}\n${DOVECOT}`), NOW)).toEqual([]);
});

test('the last line of a batch may lack its end', () => {
  const bytes = Buffer.from(`${stamp()} dovecot: ${DOVECOT}`);
  const batch: Batch = { kind: 'lines', bytes, checkpoint: {}, notices: [] };
  expect(new Matcher(patterns, 's').match(batch, NOW)).toHaveLength(1);
});

/** A pattern of one's own, whose login line has an address too. */
function ownPattern(more: string): Pattern {
  const login = LOGIN_REGEX.replace('^ok', '^in');
  const text = patternText('test', login, more).replace('service =', 'needs_open = "always"\nservice =');
  const dir = folderOf({ 'test.toml': `${text}[[open]]\nregex = '''^new (?P<address>[0-9.]+)$'''\n` });
  return readPattern(path.join(dir, 'test.toml'));
}

test('a login line that tells another address than its connect line is refused', () => {
  const [open, login] = [`${stamp()} testd[9]: new 198.51.100.1`, `${stamp()} testd[9]: in bob from 198.51.100.1`];
  expect(matchLines([ownPattern('')], [open, login], NOW)).toHaveLength(1);
  expect(matchLines([ownPattern('')], [open, login.replace('198', '199')], NOW)).toEqual([]);
});

test("a tag of a server's own file counts only where no host precedes it, so no logger(1) can write it", () => {
  const own = patternText('test', LOGIN_REGEX).replace('tags = ["testd"]', 'own_tags = ["testd"]');
  const pattern = readPattern(path.join(folderOf({ 'test.toml': own }), 'test.toml'));
  const message = 'ok bob from 198.51.100.1';
  expect(matchLines([pattern], [`2026-11-23T18:00:00Z [testd] ${message}`], NOW)).toHaveLength(1);
  expect(matchLines([pattern], [`${stamp()} testd: ${message}`, `${stamp()} testd[9]: ${message}`], NOW)).toEqual([]);
});
