/** The plan for Postfix against the real postconf, which alone knows what a main.cf means. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import type { MapTarget } from '../../src/map/target.ts';
import { hostTools } from '../../src/map/tools.ts';
import { planPostfix } from '../../src/setup/postfix.ts';
import { postfixTools } from '../e2e/lab/tools.ts';
import { tempDir } from '../temp-dir.ts';

const TARGET: MapTarget = { form: 'postfix', type: 'hash', builder: 'postmap', path: '/run/m', file: '/run/m.db' };
const ASK = 'check_client_access unionmap:{regexp:/dev/null,hash:/run/m}';
const tools = postfixTools();
const withPostfix = tools === undefined ? test.skip : test;

/** What the plan makes of a main.cf, and what Postfix then uses in both lists. */
async function plan(text: string, ipv6Prefix: 64 | 128 = 128) {
  const folder = path.join(tempDir(), 'postfix');
  mkdirSync(folder);
  const level = text.includes('compatibility_level') ? '' : 'compatibility_level = 3.6\n';
  writeOld(path.join(folder, 'main.cf'), level + text);
  writeFileSync(path.join(folder, 'master.cf'), '');
  const env = { ...process.env, ...tools?.env, MAIL_CONFIG: folder };
  const made = planPostfix(TARGET, hostTools(env), ipv6Prefix);
  const [change] = made.changes;
  await made.prove();
  expect(readFileSync(path.join(folder, 'main.cf'), 'utf8')).toBe(level + text);
  if (change !== undefined) writeOld(change.file, change.after);
  const used = (name: string) =>
    spawnSync(hostTools(env).find('postconf') ?? '', ['-xh', name], { env, encoding: 'utf8' }).stdout.trim();
  return {
    text: (change?.after ?? level + text).slice(level.length),
    relay: used('smtpd_relay_restrictions'),
    recipient: used('smtpd_recipient_restrictions'),
  };
}

/** Postfix's programs doze over a main.cf that was written just now. */
function writeOld(file: string, text: string): void {
  writeFileSync(file, text);
  utimesSync(file, 0, 0);
}

withPostfix('keeps the default in force where main.cf has no smtpd_relay_restrictions', async () => {
  const { text, relay, recipient } = await plan('myhostname = mx.example\n');
  const list = `permit_mynetworks, permit_sasl_authenticated, permit_auth_destination, ${ASK}, defer_unauth_destination`;
  expect(text).toBe(`myhostname = mx.example\nsmtpd_relay_restrictions = ${list}\n`);
  expect(relay).toBe(list);
  expect(recipient).toBe('');
});

withPostfix('keeps the order and the layout of a list that is written', async () => {
  const { text } = await plan(
    'smtpd_relay_restrictions = permit_mynetworks\n  # the office\n  check_client_access hash:/etc/office\n  reject_unauth_destination\nx = y\n',
  );
  expect(text).toBe(
    `smtpd_relay_restrictions = permit_mynetworks\n  # the office\n  check_client_access hash:/etc/office\n  permit_auth_destination,\n  ${ASK},\n  reject_unauth_destination\nx = y\n`,
  );
});

withPostfix('opens both lists where both refuse', async () => {
  const { relay, recipient } = await plan(
    'smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination\n' +
      'smtpd_recipient_restrictions = permit_mynetworks, reject_unauth_destination, reject_rbl_client dnsbl.example\n',
  );
  expect(relay).toBe(`permit_mynetworks, permit_auth_destination, ${ASK}, reject_unauth_destination`);
  // permit_auth_destination would let mail for this host go round the block list
  expect(recipient).toBe(`permit_mynetworks, ${ASK}, reject_unauth_destination, reject_rbl_client dnsbl.example`);
});

withPostfix('uses the recipient list alone where the relay list is empty', async () => {
  const { relay, recipient } = await plan(
    'smtpd_relay_restrictions =\nsmtpd_recipient_restrictions = reject_unauth_destination\n',
  );
  expect(relay).toBe('');
  expect(recipient).toBe(`permit_auth_destination, ${ASK}, reject_unauth_destination`);
});

withPostfix('lets no mail for this host in where nobody but the permitted may send', async () => {
  const { relay } = await plan('smtpd_relay_restrictions = permit_sasl_authenticated, reject\n');
  expect(relay).toBe(`permit_sasl_authenticated, ${ASK}, reject`);
});

withPostfix('asks the plain map for the networks of ipv6_prefix = 64', async () => {
  expect((await plan('', 64)).relay).toContain(', check_client_access hash:/run/m, ');
});

withPostfix('changes nothing on a host that is wired already', async () => {
  const { text } = await plan('');
  expect((await plan(text)).text).toBe(text);
  const spaced = text.replace('{regexp:/dev/null,hash:/run/m}', '{ regexp:/dev/null, hash:/run/m }');
  expect((await plan(spaced)).text).toBe(spaced);
});

withPostfix.each([
  [
    'the refusal is behind a name',
    'mine = reject_unauth_destination\nsmtpd_relay_restrictions = permit_mynetworks, $mine\n',
  ],
  ['the map is asked already, after the refusal', `smtpd_relay_restrictions = reject_unauth_destination, ${ASK}\n`],
  [
    'the map is asked already, address by piece',
    'smtpd_relay_restrictions = check_client_access hash:/run/m, reject\n',
  ],
  [
    'an earlier refusal is behind a name',
    'mine = reject\nsmtpd_relay_restrictions = $mine, reject_unauth_destination\n',
  ],
])('refuses, and says what to write by hand, where %s', async (_, text) => {
  await expect(plan(text)).rejects.toThrow(/by hand/);
});

withPostfix('refuses where nothing refuses to relay', async () => {
  await expect(plan('compatibility_level = 0\n')).rejects.toThrow(/no list refuses to relay/);
});

const anyWord = fc.constantFrom(
  'permit_mynetworks',
  'permit_sasl_authenticated',
  'permit_auth_destination',
  '$office',
  'check_client_access hash:/etc/office',
  'check_policy_service { inet:127.0.0.1:9, timeout=2s }',
  'warn_if_reject',
  'defer_if_reject',
  'defer_if_permit',
  'REJECT_unauth_destination',
  'reject_unauth_destination',
  'defer_unauth_destination',
  'reject',
);
const anySeparator = fc.constantFrom(', ', ' ', ',\n\t', '\n  ', '\n# a note, reject\n\n  ');
const anyList = fc
  .array(fc.tuple(anyWord, anySeparator), { maxLength: 6 })
  .map((words) => words.map(([word, separator]) => word + separator).join(''));

withPostfix(
  'however the lists are laid out, Postfix uses what it used, and the map right before what refuses',
  async () => {
    await fc.assert(
      fc.asyncProperty(anyList, anyList, async (relay, recipient) => {
        const head = 'office = permit_tls_clientcerts\n';
        const lists = `smtpd_relay_restrictions = ${relay}\nsmtpd_recipient_restrictions = ${recipient}\n`;
        const was = { relay: expanded(relay), recipient: expanded(recipient) };
        fc.pre(firstRefusal(was.relay) >= 0 || firstRefusal(was.recipient) >= 0);
        const is = await plan(head + lists);
        expect(wordsOf(is.relay)).toEqual(opened(was.relay));
        expect(wordsOf(is.recipient)).toEqual(opened(was.recipient));
      }),
      { numRuns: 25 },
    );
  },
);

const REFUSALS = ['reject', 'defer_if_permit', 'reject_unauth_destination', 'defer_unauth_destination'];

function firstRefusal(words: readonly string[]): number {
  return words.findIndex((word, index) => {
    return REFUSALS.includes(word.toLowerCase()) && words[index - 1] !== 'warn_if_reject';
  });
}

function expanded(list: string): string[] {
  return wordsOf(list.replaceAll(/^#.*$/gm, '').replaceAll('$office', 'permit_tls_clientcerts'));
}

/** Written the other way round than the code under test: checks with what they ask, by their own separators. */
function wordsOf(list: string): string[] {
  const pattern = /check_\w+ (?:\{[^}]*\}|unionmap:\{[^}]*\}|[^\s,]+)|[^\s,]+/g;
  return list.match(pattern) ?? [];
}

function opened(words: readonly string[]): string[] {
  const refusal = firstRefusal(words);
  if (refusal < 0) return [...words];
  const isEnd = refusal === words.length - 1 && words[refusal]?.endsWith('_destination') === true;
  const inbound = isEnd && !words.includes('permit_auth_destination') ? ['permit_auth_destination'] : [];
  return [...words.slice(0, refusal), ...inbound, ASK, ...words.slice(refusal)];
}
