/** A real Courier: imapd and pop3d with one user of its own database, logging to syslog. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { untilGreeted } from './dialogue.ts';
import { ADDRESS } from './lab.ts';
import { PASSWORD, type MailboxServer } from './mailbox.ts';
import { run } from './program.ts';

const HOME = '/var/lib/lab-courier';
const PROGRAMS = ['authdaemond', 'imapd', 'pop3d']; // each starts a daemon, and stops it by its pid file

export class Courier implements MailboxServer {
  readonly #user: string;

  constructor(user: string) {
    this.#user = user;
  }

  async start(): Promise<void> {
    mkdirSync('/run/courier/authdaemon', { recursive: true });
    run('chown', ['-R', 'courier:courier', '/run/courier']);
    const rc = readFileSync('/etc/courier/authdaemonrc', 'utf8');
    writeFileSync('/etc/courier/authdaemonrc', rc.replace(/^authmodulelist=.*$/m, 'authmodulelist="authuserdb"'));
    writeFileSync('/etc/courier/imapaccess.dat', '');
    mkdirSync(HOME, { recursive: true });
    run('maildirmake.courier', [`${HOME}/Maildir`]);
    run('chown', ['-R', 'vmail:vmail', HOME]);
    const [uid, gid] = ['-u', '-g'].map((option) => run('id', [option, 'vmail']).trim());
    const hash = run('userdbpw', [], `${PASSWORD}\n${PASSWORD}\n`).trim();
    const record = `${this.#user}\tuid=${uid}|gid=${gid}|home=${HOME}|systempw=${hash}\n`;
    writeFileSync('/etc/courier/userdb', record, { mode: 0o700 });
    run('makeuserdb', []);
    for (const program of PROGRAMS) run(program, ['start']);
    await untilGreeted(ADDRESS.mailbox, 143);
    await untilGreeted(ADDRESS.mailbox, 110);
  }

  async stop(): Promise<void> {
    for (const program of PROGRAMS.toReversed()) run(program, ['stop']);
  }
}
