/** A real popa3d with one user of the system, logging to syslog: address and user on two lines. IPv4 only. */
import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { untilGreeted } from './dialogue.ts';
import { ADDRESS } from './lab.ts';
import { PASSWORD, type MailboxServer } from './mailbox.ts';
import { run } from './program.ts';

const UID = 999;

export class Popa3d implements MailboxServer {
  readonly #user: string;

  constructor(user: string) {
    this.#user = user;
  }

  async start(): Promise<void> {
    const hash = run('userdbpw', [], `${PASSWORD}\n${PASSWORD}\n`).trim(); // Courier's; any crypt(3) would do
    appendFileSync('/etc/passwd', `${this.#user}:x:${UID}:${UID}::/nonexistent:/bin/sh\n`);
    appendFileSync('/etc/group', `${this.#user}:x:${UID}:\n`);
    appendFileSync('/etc/shadow', `${this.#user}:${hash}:19000:0:99999:7:::\n`);
    mkdirSync('/var/mail', { recursive: true });
    writeFileSync(`/var/mail/${this.#user}`, '', { mode: 0o600 });
    run('chown', [`${this.#user}:mail`, `/var/mail/${this.#user}`]);
    spawnSync('popa3d', ['-D'], { stdio: 'ignore' }); // it would hold on to a pipe
    await untilGreeted(ADDRESS.mailbox, 110);
  }

  /** It keeps no pid file; the private host has no other. */
  async stop(): Promise<void> {
    for (const pid of run('pidof', ['popa3d']).trim().split(' ')) process.kill(Number(pid));
  }
}
