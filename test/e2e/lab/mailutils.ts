/** A real GNU Mailutils: pop3d and imap4d with one user of the system, logging to syslog. */
import { untilGreeted } from './dialogue.ts';
import { ADDRESS } from './lab.ts';
import type { MailboxServer } from './mailbox.ts';
import { Program } from './program.ts';
import { addSystemUser } from './system-user.ts';

const FOLDER = '/usr/libexec/mailutils'; // fetch.sh moves them there

export class Mailutils implements MailboxServer {
  readonly #user: string;
  #programs: readonly Program[] = [];

  constructor(user: string) {
    this.#user = user;
  }

  async start(): Promise<void> {
    addSystemUser(this.#user);
    this.#programs = ['pop3d', 'imap4d'].map((name) => new Program(`${FOLDER}/${name}`, ['--daemon', '--foreground']));
    await untilGreeted(ADDRESS.mailbox, 143);
    await untilGreeted(ADDRESS.mailbox, 110);
  }

  async stop(): Promise<void> {
    for (const program of this.#programs) await program.stop();
  }
}
