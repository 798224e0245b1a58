import { expect, test } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { FailureReader, type Failure } from '../../src/pattern/failures.ts';
import { SHIPPED_PATTERNS } from '../../src/pattern/load.ts';
import { Matcher } from '../../src/pattern/matcher.ts';
import { singles } from '../../src/pattern/singles.ts';
import { parseSamples, type Sample } from '../../src/pattern/samples.ts';
import type { Batch, LogRecord } from '../../src/source/source.ts';
import { linesBatch, loadShipped, SAMPLES_DIR } from './shipped.ts';

const patterns = loadShipped();
/** Days after the lines were written. */
const LATER = Date.UTC(2026, 11, 1);
const ATTACKER = '6.6.6.6';

function failuresIn(batch: Batch, since?: number, reader = new FailureReader(patterns, 'test')): Failure[] {
  return [...singles(batch)].flatMap((single) => reader.read(single, LATER, since));
}

function samplesIn(folder: string): (Sample & { readonly at: string })[] {
  const files = readdirSync(folder).filter((file) => file.endsWith('.samples'));
  return files.flatMap((file) =>
    parseSamples(file, readFileSync(path.join(folder, file), 'utf8')).map((sample) => ({
      ...sample,
      at: `${file}:${sample.line}`,
    })),
  );
}

const failing = samplesIn(SHIPPED_PATTERNS).filter(({ kind }) => kind === 'failure');

const WRONG_PASSWORD =
  'imap-login: Disconnected (auth failed, 1 attempts in 2 secs): user=<alice>, method=PLAIN, rip=198.51.100.7, lip=192.0.2.25, session=<x>';

test('a failure is told with who, where, when, why and its line', () => {
  const line = `2026-11-24T02:13:05+00:00 mx dovecot: ${WRONG_PASSWORD}`;
  expect(failuresIn(linesBatch(line))).toEqual([
    {
      pattern: 'dovecot',
      user: 'alice',
      address: '198.51.100.7',
      service: 'imap',
      at: Date.UTC(2026, 10, 24, 2, 13, 5),
      source: 'test',
      line,
      reason: 'wrong password or unknown user',
    },
  ]);
});

test('each of many failures has its own reason', () => {
  const head = 'Nov 24 02:13:05 mx dovecot: imap-login: Disconnected';
  const found = failuresIn(
    linesBatch(
      `${head} (no auth attempts in 0 secs): user=<>, rip=198.51.100.7, lip=192.0.2.25`,
      `Nov 24 02:13:05 mx dovecot: ${WRONG_PASSWORD}`,
      `${head} (tried to use unsupported auth mechanism): user=<>, method=NTLM, rip=198.51.100.7, lip=192.0.2.25`,
    ),
  );
  expect(found.map(({ user, reason }) => [user, reason])).toEqual([
    [undefined, 'it connected and did not try to log in'],
    ['alice', 'wrong password or unknown user'],
    [undefined, 'it tried to log in by a method that the server does not offer'],
  ]);
});

test('a failure that a logger says was repeated counts again', () => {
  const refused = 'LOGIN FAILED, user=bob, ip=[::ffff:198.51.100.7]';
  const found = failuresIn(
    linesBatch(
      `Nov 24 02:13:05 mx imapd: ${refused}`,
      `Nov 24 02:13:09 mx imapd: message repeated 2 times: [ ${refused}]`,
      'Nov 24 02:13:11 mx imapd: message repeated 2 times: [ LOGIN FAILED, user=eve, ip=[::ffff:6.6.6.6]]',
    ),
  );
  expect(found.map(({ user, reason }) => [user, reason])).toEqual([
    ['bob', 'wrong password or unknown user'],
    ['bob', 'wrong password or unknown user'],
  ]);
});

test('failures from before the time that is asked about are left out', () => {
  const lines = ['01:00:00', '02:00:00'].map((time) => `2026-11-24T${time}+00:00 mx dovecot: ${WRONG_PASSWORD}`);
  const found = failuresIn(linesBatch(...lines), Date.UTC(2026, 10, 24, 1, 30));
  expect(found.map(({ line }) => line)).toEqual(lines.slice(1));
});

test.each([
  ['its own unit', { unit: 'dovecot.service', uid: 0 }, 1],
  ['another unit', { unit: 'evil.service', uid: 0 }, 0],
  ['a local user', { unit: undefined, uid: 1000 }, 0],
])('a record of the journal from %s is believed as a login of it would be', (_, trusted, count) => {
  const record: LogRecord = { at: LATER, tag: 'dovecot', pid: 9, message: WRONG_PASSWORD, trusted };
  expect(failuresIn({ kind: 'records', records: [record], checkpoint: {}, notices: [] })).toHaveLength(count);
});

test("a piece of a longer line is no failure: it is the client's text", () => {
  const found = failuresIn(
    linesBatch(
      `Nov 24 02:13:05 mx imapd: LOGIN FAILED, user=${'x'.repeat(490)}`,
      'Nov 24 02:13:05 mx imapd: LOGIN FAILED, user=victim, ip=[::ffff:6.6.6.6], port=[9]',
    ),
  );
  expect(found).toEqual([]);
});

test.each(failing)(
  'the line of $at does not show an address that its client has put into the name',
  ({ lines, facts }) => {
    const { user, address = '' } = facts;
    const line = lines.at(-1) ?? '';
    if (user === undefined || user === '') return;
    const rest = line.slice(line.indexOf(user) + user.length).replaceAll(address, ATTACKER);
    const message = line.replace(/^.*? [\w/.-]+(?:\[\d+\])?: /, '').replaceAll(address, ATTACKER);
    for (const name of [user + rest, rest, message, `${user}${rest} ${message}`, `${user}, ip=[${ATTACKER}]`]) {
      const forged = [...lines.slice(0, -1), line.replaceAll(user, name)];
      expect(failuresIn(linesBatch(...forged)).map((found) => found.address)).not.toContain(ATTACKER);
    }
  },
);

test('no line of the corpus shows an address that an attacker chose, and none that logged in has failed', () => {
  const matcher = new Matcher(patterns, 'corpus');
  const reader = new FailureReader(patterns, 'corpus');
  let count = 0;
  for (const { kind, lines, at } of samplesIn(SAMPLES_DIR)) {
    const batch = linesBatch(...lines);
    const found = failuresIn(batch, undefined, reader);
    const isLogin = kind === 'login' && matcher.match(batch, LATER).length > 0;
    expect({ at, found: isLogin ? found : [] }).toEqual({ at, found: [] });
    expect({ at, forged: found.filter(({ address }) => /^6\.6\.6\.6$|^2001:db8:666:/.test(address)) }).toEqual({
      at,
      forged: [],
    });
    count += found.length;
  }
  expect(count).toBeGreaterThan(2000);
});
