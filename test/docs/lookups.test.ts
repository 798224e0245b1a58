/** The lines of docs/lookups.md for Postfix, tried by its own postconf and by `relaypass check`. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { checkPostfix } from '../../src/check/postfix.ts';
import { loadConfig } from '../../src/config/load.ts';
import { hostTools } from '../../src/map/tools.ts';
import { loadLookups } from '../../src/server/lookup.ts';
import { postfixTools } from '../e2e/lab/tools.ts';
import { tempDir } from '../temp-dir.ts';
import { pageOf } from './page.ts';

const { blocks } = pageOf('docs/lookups.md');
const tools = postfixTools();
const withPostfix = tools === undefined ? test.skip : test;

const QUEUE = '/var/spool/postfix';
const LOOKUPS = [
  { protocol: 'policy', listen: { kind: 'unix', path: `${QUEUE}/relaypass/policy` }, bind_sender: 'off' },
  { protocol: 'socketmap', listen: { kind: 'unix', path: `${QUEUE}/relaypass/socketmap` }, bind_sender: 'off' },
  { protocol: 'socketmap', listen: { kind: 'inet', host: '127.0.0.1', port: 9001 }, bind_sender: 'off' },
  { protocol: 'tcp', listen: { kind: 'inet', host: '127.0.0.1', port: 9002 } },
] as const;

/** A Postfix of the test's own, whose configuration a shell command changes; what `check` then finds. */
function findingsAfter(command: string): string[] {
  const folder = path.join(tempDir(), 'postfix');
  mkdirSync(folder);
  const main = path.join(folder, 'main.cf');
  writeFileSync(main, `compatibility_level = 3.6\nqueue_directory = ${QUEUE}\n`);
  writeFileSync(path.join(folder, 'master.cf'), '');
  utimesSync(main, 0, 0); // Postfix's programs doze over one that was written just now
  const env = { ...process.env, ...tools?.env, MAIL_CONFIG: folder };
  const { status, stderr } = spawnSync('sh', ['-ec', command], { env, encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  utimesSync(main, 0, 0);
  const found = checkPostfix({ targets: [], lookups: LOOKUPS, ipv6Prefix: 128 }, hostTools(env));
  return found.map(({ severity, what }) => `${severity} ${what}`);
}

const COMMAND = blocks.find((block) => block.startsWith('postconf -e')) ?? '';
const RESTRICTIONS = blocks.find((block) => block.startsWith('check_policy_service'))?.trim() ?? '';
const ASKED = 'check_client_access socketmap:unix:relaypass/socketmap:relaypass';

withPostfix.each(RESTRICTIONS.split('\n'))('the restriction %s asks a look-up', (restriction) => {
  expect(COMMAND).toContain(ASKED);
  const [found, ...rest] = findingsAfter(COMMAND.replace(ASKED, restriction));
  expect(found).toMatch(/^ok main\.cf: smtpd_relay_restrictions asks /);
  expect(rest).toEqual([]);
});

test('a sender map is one', () => {
  const file = path.join(tempDir(), 'senders');
  writeFileSync(file, blocks.find((block) => block.startsWith('# /etc/relaypass/senders')) ?? '');
  const toml = blocks.find((block) => block.includes('sender_map')) ?? '';
  writeFileSync(`${file}.toml`, toml.replace('/etc/relaypass/senders', file));
  expect(() => loadLookups(loadConfig(`${file}.toml`).lookup)).not.toThrow();
  expect(toml).toContain('/etc/relaypass/senders');
});
