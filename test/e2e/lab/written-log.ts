import { appendFileSync } from 'node:fs';

/** Where tests write login lines by themselves, when no server is wanted. */
export const WRITTEN_LOG = '/var/log/written.log';

/** Appends what Dovecot logs when `user` logs in from `address`; `ageMs` ago by its time stamp. */
export function appendLogin(address: string, { user = 'alice', ageMs = 0, file = WRITTEN_LOG } = {}): void {
  const stamp = new Date(Date.now() - ageMs).toISOString();
  const login = `Login: user=<${user}>, method=PLAIN, rip=${address}, lip=192.0.2.27, mpid=9, session=<x>`;
  appendFileSync(file, `${stamp} mx dovecot: imap-login: ${login}\n`);
}
