import { expect, test } from '@jest/globals';
import { MatchRun, type Outcome } from '../../src/commands/match-run.ts';
import { outcomeJson, renderOutcome, renderSummary } from '../../src/commands/match-text.ts';
import { configSchema } from '../../src/config/schema.ts';
import { admissionRules } from '../../src/login/admission.ts';
import type { Batch, LogRecord } from '../../src/source/source.ts';
import { linesBatch, loadShipped } from '../pattern/shipped.ts';

const NOW = Date.UTC(2026, 10, 23, 18);
const STAMP = '2026-11-23T17:00:00Z mx';
const LOGIN = `${STAMP} dovecot: imap-login: Login: user=<alice>, method=PLAIN, rip=198.51.100.1, lip=192.0.2.1, mpid=9`;

function createRun(): MatchRun {
  const config = configSchema.parse({ admission: { never_networks: ['203.0.113.0/24'], never_users: ['guest'] } });
  return new MatchRun(loadShipped(), admissionRules(config.admission, config.grace), 'stdin');
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
