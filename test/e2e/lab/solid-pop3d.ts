/** A real Solid POP3, as a daemon, with one user of the system, logging to syslog. IPv4 only. */
import { untilGreeted } from './dialogue.ts';
import { ADDRESS } from './lab.ts';
import type { MailboxServer } from './mailbox.ts';
import { run } from './program.ts';
import { addSystemUser } from './system-user.ts';

export class SolidPop3d implements MailboxServer {
  readonly #user: string;

  constructor(user: string) {
    this.#user = user;
  }

  async start(): Promise<void> {
    addSystemUser(this.#user);
    run('solid-pop3d', []); // leaves a daemon behind
    await untilGreeted(ADDRESS.mailbox, 110);
  }

  /** It keeps no pid file; the private host has no other. */
  async stop(): Promise<void> {
    for (const pid of run('pidof', ['solid-pop3d']).trim().split(' ')) process.kill(Number(pid));
  }
}
