import { expect, test } from '@jest/globals';
import { MatchRun, type Outcome } from '../../src/commands/match-run.ts';
import { outcomeJson, renderOutcome, renderSummary } from '../../src/commands/match-text.ts';
import { configSchema } from '../../src/config/schema.ts';
import { admissionRules } from '../../src/login/admission.ts';
import type { Pattern } from '../../src/pattern/pattern.ts';
import type { Batch, LogRecord } from '../../src/source/source.ts';
import { linesBatch, loadShipped } from '../pattern/shipped.ts';

const NOW = Date.UTC(2026, 10, 23, 18);
const STAMP = '2026-11-23T17:00:00Z mx';
const LOGIN = `${STAMP} dovecot: imap-login: Login: user=<alice>, method=PLAIN, rip=198.51.100.1, lip=192.0.2.1, mpid=9`;

function createRun(failures?: readonly Pattern[]): MatchRun {
  const config = configSchema.parse({ admission: { never_networks: ['203.0.113.0/24'], never_users: ['guest'] } });
  return new MatchRun({ logins: loadShipped(), failures }, admissionRules(config.admission, config.grace), 'stdin');
}

function outcomes(...lines: string[]): Outcome[] {
  return [...createRun().feed(linesBatch(...lines), NOW)];
}

function text(...lines: string[]): string[] {
  return outcomes(...lines).map(renderOutcome);
}

test('a login is told with its pattern, address, user, service and time, however old it is', () => {
  expect(text(LOGIN)).toEqual(['login    dovecot  198.51.100.1  alice  imap  2026-11-23T17:00:00.000Z']);
});

test.each([
  ['loopback', LOGIN.replace('198.51.100.1', '127.0.0.2')],
  ['server-address', LOGIN.replace('198.51.100.1', '192.0.2.1')],
  ['never-network', LOGIN.replace('198.51.100.1', '203.0.113.7')],
  ['never-user', LOGIN.replace('alice', 'guest')],
  ['zone', LOGIN.replace('198.51.100.1', 'fe80::1%eth0')],
])('a login that admission refuses is told with the rule: %s', (why, line) => {
  expect(outcomes(line)).toMatchObject([{ kind: 'refused', why }]);
  expect(text(line)[0]).toContain(`  ${why} (`);
});

test.each([
  ['no-header', 'imap-login: Login: user=<alice>, rip=198.51.100.1', ''],
  ['no-pattern', `${STAMP} postfix/qmgr[9]: x`, 'postfix/qmgr'],
  [
    'failed',
    `${STAMP} dovecot: imap-login: Disconnected (no auth attempts in 0 secs): user=<>, rip=198.51.100.1`,
    'dovecot: it connected and did not try to log in',
  ],
  ['no-match', `${STAMP} dovecot: imap-login: Disconnected (auth failed): user=<alice>, rip=198.51.100.1`, 'dovecot'],
  ['bad-time', LOGIN.replace('11-23', '02-30'), 'dovecot'],
  ['control-characters', LOGIN.replace('alice', 'al\u0007ice'), 'dovecot'],
  ['not-believed', LOGIN.replace('alice', 'u'.repeat(256)), 'dovecot'],
  ['repeat', `${STAMP} dovecot: message repeated 2 times: [ imap-login: x]`, 'dovecot'],
  ['opens', `${STAMP} popa3d[9]: Session from 198.51.100.1`, 'popa3d'],
  ['closes', `${STAMP} popa3d[9]: Premature disconnect`, 'popa3d'],
  ['failed', `${STAMP} popa3d[9]: Authentication failed for bob`, 'popa3d: wrong password'],
  ['not-believed', `${STAMP} popa3d[9]: Authentication passed for bob`, 'popa3d'],
])('a line that is no login is told with the reason: %s', (why, line, detail) => {
  expect(outcomes(line)).toEqual([
    { kind: 'missed', line, why, detail: expect.stringMatching(new RegExp(`^${detail}`)) },
  ]);
});

test('lines are joined across batches', () => {
  const run = createRun();
  const first = [...run.feed(linesBatch(`${STAMP} popa3d[9]: Session from 198.51.100.1`), NOW)];
  const second = [...run.feed(linesBatch(`${STAMP} popa3d[9]: Authentication passed for bob`), NOW)];
  expect([...first, ...second].map(({ kind }) => kind)).toEqual(['missed', 'login']);
});

test.each<[string, LogRecord['trusted'], string]>([
  ['untrusted', { unit: 'session-1.scope', uid: 1000 }, 'dovecot; unit session-1.scope, uid 1000'],
  ['no-match', { unit: 'dovecot.service', uid: 0 }, 'dovecot'],
])('a journal record that is no login is told with the reason: %s', (why, trusted, detail) => {
  const record = { at: NOW, tag: 'dovecot', pid: 9, message: 'imap-login: Disconnected: x -login: ', trusted };
  const batch: Batch = { kind: 'records', records: [record], checkpoint: {}, notices: [] };
  expect([...createRun().feed(batch, NOW)]).toMatchObject([{ kind: 'missed', why, detail }]);
});

test('the summary counts lines, logins a pattern, and the rest a reason, the most frequent first', () => {
  const run = createRun();
  const other = `${STAMP} x: y`;
  const lines = [LOGIN, LOGIN, other, other, 'z', LOGIN.replace('198.51.100.1', '127.0.0.1')];
  expect([...run.feed(linesBatch(...lines), NOW)]).toHaveLength(6);
  expect(renderSummary(run.summary).split('\n')).toEqual([
    '6 lines: 2 logins, 0 logouts, 1 refused, 3 missed',
    '  login          2  dovecot',
    '  refused        1  loopback',
    '  missed         2  no-pattern',
    '  missed         1  no-header',
  ]);
});

test('as JSON each line is an object, with the address in its canonical form', () => {
  const [login] = outcomes(LOGIN.replace('198.51.100.1', '::ffff:198.51.100.1'));
  expect(login && JSON.parse(outcomeJson(login))).toMatchObject({
    kind: 'login',
    address: '198.51.100.1',
    user: 'alice',
  });
  const [missed] = outcomes('x');
  expect(missed && JSON.parse(outcomeJson(missed))).toEqual({
    kind: 'missed',
    why: 'no-header',
    detail: '',
    line: 'x',
  });
});

test('what a client wrote cannot move the terminal', () => {
  const [line] = text(`${STAMP} x: \u001b[2J`);
  expect(line).toContain('\\u{1b}[2J');
});

const OPENED = `${STAMP} popa3d[9]: Session from 198.51.100.7`;
const FAILED = `${STAMP} popa3d[9]: Authentication failed for bob`;

test('where failed logins are asked for, each is told with who, where, when and why, joined with its connect line', () => {
  const run = createRun(loadShipped());
  const told = [...run.feed(linesBatch(LOGIN, OPENED, FAILED), NOW)];
  expect(told.map(({ kind }) => kind)).toEqual(['login', 'missed', 'failed']);
  expect(told.slice(2).map(renderOutcome)).toEqual([
    'failed   popa3d  198.51.100.7  bob  pop3  2026-11-23T17:00:00.000Z  wrong password',
  ]);
  expect(told.slice(2).map((outcome) => JSON.parse(outcomeJson(outcome)))).toEqual([
    {
      kind: 'failed',
      pattern: 'popa3d',
      address: '198.51.100.7',
      user: 'bob',
      service: 'pop3',
      at: '2026-11-23T17:00:00.000Z',
      reason: 'wrong password',
      line: FAILED,
    },
  ]);
  expect(renderSummary(run.summary).split('\n')).toEqual([
    '3 lines: 1 logins, 0 logouts, 0 refused, 1 failed, 1 missed',
    '  login          1  dovecot',
    '  failed         1  wrong password',
    '  missed         1  opens',
  ]);
});

test('a failed login that a logger says was repeated is told again, and is one line', () => {
  const run = createRun(loadShipped());
  const refused = 'LOGIN FAILED, user=bob, ip=[::ffff:198.51.100.7]';
  const lines = [`${STAMP} imapd: ${refused}`, `${STAMP} imapd: message repeated 2 times: [ ${refused}]`];
  const told = [...run.feed(linesBatch(...lines), NOW)].map((outcome) => JSON.parse(outcomeJson(outcome)));
  expect(told.map(({ kind, address }) => [kind, address])).toEqual([
    ['failed', '198.51.100.7'],
    ['failed', '198.51.100.7'],
  ]);
  expect(run.summary).toMatchObject({ lines: 2, failed: { 'wrong password or unknown user': 2 } });
});
