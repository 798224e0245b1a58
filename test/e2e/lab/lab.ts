/**
 * Tests that need the private mail host of enter.sh. Elsewhere they are reported as skipped with the reason, and with
 * RELAYPASS_E2E=required they fail with it.
 */
import { describe, jest, test } from '@jest/globals';
import { existsSync } from 'node:fs';

jest.setTimeout(200_000); // real servers on a busy machine; each wait inside has a shorter limit and says what for

/** Addresses of the private host; all but the servers' can be a client's. */
export const ADDRESS = {
  sendmail: '192.0.2.25',
  postfix: '192.0.2.26',
  /** Dovecot, and whichever other POP or IMAP server a test starts. */
  mailbox: '192.0.2.27',
  sendmail6: '2001:db8::25',
  postfix6: '2001:db8::26',
  mailbox6: '2001:db8::27',
} as const;

/** A group of tests that runs on the private host. */
export function onLab(title: string, tests: () => void): void {
  const reason = whyNoLab();
  if (reason === undefined) return describe(title, tests);
  if (process.env['RELAYPASS_E2E'] !== 'required') return describe.skip(`${title} (skipped: ${reason})`, tests);
  return test(title, () => {
    throw new Error(`the end-to-end tests were required, but ${reason}`);
  });
}

/** Undefined on the private host. */
export function whyNoLab(): string | undefined {
  if (existsSync('/run/relaypass-package')) return undefined;
  return process.env['RELAYPASS_LAB_MISSING'] ?? 'this is not the private host of `npm run test:e2e`';
}
