import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { PASSWORD } from './mailbox.ts';
import { run } from './program.ts';

const UID = 999;

/** Gives the private host a user who has an empty mailbox and the lab's password. */
export function addSystemUser(user: string): void {
  if (readFileSync('/etc/passwd', 'utf8').includes(`\n${user}:`)) return;
  const hash = run('userdbpw', [], `${PASSWORD}\n${PASSWORD}\n`).trim(); // Courier's; any crypt(3) would do
  appendFileSync('/etc/passwd', `${user}:x:${UID}:${UID}::/nonexistent:/bin/sh\n`);
  appendFileSync('/etc/group', `${user}:x:${UID}:\n`);
  appendFileSync('/etc/shadow', `${user}:${hash}:19000:0:99999:7:::\n`);
  mkdirSync('/var/mail', { recursive: true });
  writeFileSync(`/var/mail/${user}`, '', { mode: 0o600 });
  run('chown', [`${user}:mail`, `/var/mail/${user}`]);
}
