/** What loses lines before relaypass can read them. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { checkRateLimit } from '../../src/check/journald.ts';
import { checkRotation } from '../../src/check/logrotate.ts';
import { tempDir } from '../temp-dir.ts';

function etcWith(files: Readonly<Record<string, string>>): string {
  const etc = tempDir();
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(etc, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  return etc;
}

const MAIL_LOG = '/var/log/mail.log';

test.each([
  ['in its own block', { 'logrotate.d/mail': '/var/log/mail.log\n{\n  daily\n  copytruncate\n}\n' }],
  ['by a glob', { 'logrotate.d/all': '"/var/log/*.log" /srv/x {\n  copytruncate\n}\n' }],
  ['by default', { 'logrotate.conf': 'weekly\ncopytruncate\n', 'logrotate.d/m': '/var/log/mail.log {\n daily\n}\n' }],
])('warns of copytruncate %s', (_, files) => {
  expect(checkRotation(MAIL_LOG, etcWith(files))).toMatchObject([{ severity: 'warning' }]);
});

test.each([
  ['no logrotate', {}],
  ['another log', { 'logrotate.d/x': '/var/log/other.log {\n copytruncate\n}\n/var/log/mail.log {\n create\n}\n' }],
  ['a comment', { 'logrotate.d/x': '/var/log/mail.log {\n # copytruncate\n}\n' }],
  [
    'an exception',
    { 'logrotate.conf': 'copytruncate\n', 'logrotate.d/m': '/var/log/mail.log {\n nocopytruncate\n}\n' },
  ],
])('does not warn of copytruncate for %s', (_, files) => {
  expect(checkRotation(MAIL_LOG, etcWith(files))).toEqual([]);
});

test('warns of the journal’s rate limit, by default and as the last drop-in sets it', () => {
  expect(checkRateLimit(etcWith({}))[0]?.what).toContain('beyond 10000 lines in 30s');
  const etc = etcWith({
    'journald.conf': '[Journal]\n#RateLimitBurst=1\nRateLimitBurst=500\n',
    'journald.conf.d/9.conf': '[Journal]\nRateLimitBurst=700\n',
  });
  expect(checkRateLimit(etc)).toMatchObject([{ severity: 'warning', what: expect.stringContaining('beyond 700') }]);
});

test('does not warn where the limit is off', () => {
  expect(checkRateLimit(etcWith({ 'journald.conf': 'RateLimitBurst=0\n' }))).toMatchObject([{ severity: 'ok' }]);
  expect(checkRateLimit(etcWith({ 'journald.conf': 'RateLimitIntervalSec=0s\n' }))).toMatchObject([{ severity: 'ok' }]);
});
