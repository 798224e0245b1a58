import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { checkDovecot, renderLogin } from '../../src/check/dovecot.ts';
import { loadShipped } from '../pattern/shipped.ts';
import { tempDir } from '../temp-dir.ts';

const patterns = loadShipped();
const FORMAT = '%$: %s';
const ELEMENTS = 'user=<%u> method=%m rip=%r lip=%l mpid=%e %c session=<%{session}>';

interface Settings {
  readonly login_log_format?: string;
  readonly login_log_format_elements?: string;
  readonly auth_username_chars?: string;
}

function findings(settings: Settings): string[] {
  const root = tempDir();
  const all = {
    login_log_format: FORMAT,
    login_log_format_elements: ELEMENTS,
    auth_username_chars: 'abc',
    ...settings,
  };
  const cases = Object.entries(all).map(([name, value]) => `${name}) printf '%s\\n' '${value}' ;;\n`);
  const doveconf = path.join(root, 'usr/bin/doveconf');
  mkdirSync(path.dirname(doveconf), { recursive: true });
  writeFileSync(doveconf, `#!/bin/sh\ncase "$2" in\n${cases.join('')}*) exit 1 ;;\nesac\n`);
  chmodSync(doveconf, 0o755);
  return checkDovecot(patterns, root).map(({ severity, what }) => `${severity} ${what}`);
}

test.each([
  ['as they are by default', {}],
  [
    'in the names of 2.4',
    {
      login_log_format: '%{message}: %{elements}',
      login_log_format_elements:
        'user=<%{user}> method=%{mechanism} rip=%{remote_ip} lip=%{local_ip} mpid=%{mail_pid} %{secured} session=<%{session}>',
    },
  ],
  ['without a session', { login_log_format_elements: 'user=<%Lu> method=%m rip=%r lip=%l %c' }],
])('finds nothing wrong with login lines %s', (_, settings) => {
  expect(findings(settings)).toEqual(['ok dovecot: its login lines are read by a pattern']);
});

test('warns of login lines without the client’s address', () => {
  expect(findings({ login_log_format_elements: 'user=<%u> method=%m %c' })).toEqual([
    'warning dovecot: no pattern reads its login lines, which lack the address (rip=): Login: user=<alice>, method=PLAIN, TLS',
  ]);
});

test('warns of login lines that no pattern reads, and shows one', () => {
  expect(findings({ login_log_format_elements: `service=%s ${ELEMENTS}` })).toEqual([
    expect.stringMatching(/^warning dovecot: no pattern reads its login lines: Login: service=imap, user=<alice>, /),
  ]);
});

test('warns where a user name may hold anything', () => {
  expect(findings({ auth_username_chars: '' })).toContainEqual(expect.stringContaining('auth_username_chars is empty'));
});

test('says nothing where there is no Dovecot', () => {
  expect(checkDovecot(patterns, tempDir())).toEqual([]);
});

test('makes a login line as Dovecot does, without the elements that are empty', () => {
  expect(renderLogin(FORMAT, 'user=<%u> %k rip=%r')).toBe('Login: user=<alice>, rip=198.51.100.7');
});
