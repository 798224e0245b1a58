/** A real Cyrus: imapd and pop3d with one user of a SASL database, logging to syslog. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { untilGreeted } from './dialogue.ts';
import { ADDRESS } from './lab.ts';
import { PASSWORD, type MailboxServer } from './mailbox.ts';
import { Program, run } from './program.ts';

const FOLDERS = [
  '/var/lib/cyrus/db',
  '/var/lib/cyrus/socket',
  '/var/spool/cyrus/mail',
  '/run/cyrus/proc',
  '/run/cyrus/lock',
  '/run/cyrus/socket',
];

export class Cyrus implements MailboxServer {
  readonly #user: string;
  #master: Program | undefined;

  constructor(user: string) {
    this.#user = user;
  }

  async start(): Promise<void> {
    for (const folder of FOLDERS) mkdirSync(folder, { recursive: true });
    run('chown', ['-R', 'cyrus:cyrus', '/var/lib/cyrus', '/var/spool/cyrus', '/run/cyrus']);
    writeFileSync('/etc/imapd.conf', IMAPD_CONF);
    writeFileSync('/etc/cyrus.conf', CYRUS_CONF);
    run('saslpasswd2', ['-p', '-c', this.#user], PASSWORD);
    run('chown', ['cyrus:cyrus', '/etc/sasldb2']);
    this.#master = new Program('cyrmaster', ['-D']);
    await untilGreeted(ADDRESS.mailbox, 143);
    await untilGreeted(ADDRESS.mailbox, 110);
  }

  async stop(): Promise<void> {
    await this.#master?.stop();
  }
}

const IMAPD_CONF = `configdirectory: /var/lib/cyrus
proc_path: /run/cyrus/proc
mboxname_lockpath: /run/cyrus/lock
defaultpartition: default
partition-default: /var/spool/cyrus/mail
allowplaintext: yes
sasl_pwcheck_method: auxprop
sasl_auxprop_plugin: sasldb
sasl_mech_list: PLAIN
autocreate_quota: 0
syslog_prefix: cyrus
`;

const CYRUS_CONF = `START {
  recover cmd="/usr/sbin/cyrus ctl_cyrusdb -r"
}
SERVICES {
  imap cmd="imapd" listen="imap"
  pop3 cmd="pop3d" listen="pop3"
}
`;
