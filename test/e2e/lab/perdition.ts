/** A real Perdition: passes POP3 and IMAP on to a Dovecot that listens on loopback alone. Logs to syslog. IPv4 only. */
import { Dovecot } from './dovecot.ts';
import { untilGreeted } from './dialogue.ts';
import { ADDRESS } from './lab.ts';
import type { MailboxServer } from './mailbox.ts';
import { Program } from './program.ts';

const BEHIND = '127.0.0.1';
const PORTS = { imap4: 143, pop3: 110 } as const;

export class Perdition implements MailboxServer {
  readonly #dovecot: Dovecot;
  #programs: readonly Program[] = [];

  constructor(user: string) {
    this.#dovecot = new Dovecot({ users: [user], listen: BEHIND });
  }

  async start(): Promise<void> {
    await this.#dovecot.start();
    this.#programs = Object.entries(PORTS).map(([protocol, port]) => {
      const listen = ['--bind_address', ADDRESS.mailbox, '--listen_port', String(port)];
      const behind = ['--outgoing_server', BEHIND, '--outgoing_port', String(port)];
      return new Program(`perdition.${protocol}`, [
        '--no_daemon',
        '--no_lookup',
        '--ssl_mode',
        'none',
        ...listen,
        ...behind,
      ]);
    });
    for (const port of Object.values(PORTS)) await untilGreeted(ADDRESS.mailbox, port);
  }

  async stop(): Promise<void> {
    for (const program of this.#programs) await program.stop();
    await this.#dovecot.stop();
  }
}
