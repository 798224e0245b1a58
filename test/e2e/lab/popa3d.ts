/** A real popa3d with one user of the system, logging to syslog: address and user on two lines. IPv4 only. */
import { spawnSync } from 'node:child_process';
import { untilGreeted } from './dialogue.ts';
import { ADDRESS } from './lab.ts';
import type { MailboxServer } from './mailbox.ts';
import { run } from './program.ts';
import { addSystemUser } from './system-user.ts';

export class Popa3d implements MailboxServer {
  readonly #user: string;

  constructor(user: string) {
    this.#user = user;
  }

  async start(): Promise<void> {
    addSystemUser(this.#user);
    spawnSync('popa3d', ['-D'], { stdio: 'ignore' }); // it would hold on to a pipe
    await untilGreeted(ADDRESS.mailbox, 110);
  }

  /** It keeps no pid file; the private host has no other. */
  async stop(): Promise<void> {
    for (const pid of run('pidof', ['popa3d']).trim().split(' ')) process.kill(Number(pid));
  }
}
