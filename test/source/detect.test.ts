import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { detectSources } from '../../src/source/detect.ts';

let root: string;
beforeEach(() => {
  root = fs.mkdtempSync(path.join(os.tmpdir(), 'relaypass-detect-'));
});
afterEach(() => fs.rmSync(root, { recursive: true }));

function put(file: string, text = '', mode = 0o644): void {
  const target = path.join(root, file);
  fs.mkdirSync(path.dirname(target), { recursive: true });
  fs.writeFileSync(target, text, { mode });
}

const sources = (now?: number) => detectSources(root, now).sources;
const HOURS_LATER = Date.now() + 7_200_000;

test.each(['/var/log/mail.log', '/var/log/maillog'])('reads %s where the host has it', (file) => {
  put(file);
  put('/usr/bin/journalctl');
  expect(sources()).toEqual([{ file }]);
});

test('reads the journal where the host has no mail log', () => {
  put('/usr/bin/journalctl');
  expect(sources()).toEqual([{ journal: true }]);
});

test('reads the journal as well where the mail log is older than an hour', () => {
  put('/var/log/mail.log');
  put('/usr/bin/journalctl');
  const { sources: found, reason } = detectSources(root, HOURS_LATER);
  expect(found).toEqual([{ file: '/var/log/mail.log' }, { journal: true }]);
  expect(reason).toContain('older than an hour');
});

test('reads the log that Dovecot writes itself', () => {
  put('/usr/bin/doveconf', '#!/bin/sh\n[ "$2" = log_path ] && echo /var/log/dovecot.log || echo\n', 0o755);
  put('/var/log/dovecot.log');
  expect(sources()).toEqual([{ file: '/var/log/dovecot.log' }]);
});

test.each(['', 'syslog', '/dev/stderr'])('asks Dovecot in vain where its log_path is "%s"', (value) => {
  put('/usr/bin/doveconf', `#!/bin/sh\necho ${value}\n`, 0o755);
  put('/var/log/maillog');
  expect(sources()).toEqual([{ file: '/var/log/maillog' }]);
});

test('does without a doveconf that fails', () => {
  put('/usr/bin/doveconf', '#!/bin/sh\necho /var/log/dovecot.log; exit 1\n', 0o755);
  put('/var/log/dovecot.log');
  put('/var/log/mail.log');
  expect(sources()).toEqual([{ file: '/var/log/mail.log' }]);
});

test('waits for the mail log where there is nothing yet', () => {
  const { sources: found, reason } = detectSources(root);
  expect(found).toEqual([{ file: '/var/log/mail.log' }]);
  expect(reason).toContain('waiting');
});
