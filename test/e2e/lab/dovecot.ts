/** A real Dovecot: pop3 and imap without TLS, users from a file, logging to syslog or to a file of its own. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { untilGreeted } from './dialogue.ts';
import { ADDRESS } from './lab.ts';
import { PASSWORD, type MailboxServer } from './mailbox.ts';
import { Program, run } from './program.ts';

const CONFIG = '/etc/dovecot/lab.conf';
const USERS = '/etc/dovecot/lab-users';
const MAIL = '/var/lib/lab-mail';

export interface DovecotOptions {
  /** Users that may log in; `any` lets in every name, however strange, that brings the password. */
  readonly users: readonly string[] | 'any';
  /** A log file of its own instead of syslog. */
  readonly logFile?: string;
  /** @default the mailbox addresses */
  readonly listen?: string;
  /** A socket in Postfix's queue folder by which smtpd asks for passwords. */
  readonly saslSocket?: string;
}

export class Dovecot implements MailboxServer {
  readonly #options: DovecotOptions;
  #dovecot: Program | undefined;

  constructor(options: DovecotOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    mkdirSync(MAIL, { recursive: true });
    run('chown', ['vmail:vmail', MAIL]);
    const { users, logFile } = this.#options;
    if (users !== 'any') writeFileSync(USERS, users.map((user) => `${user}:{PLAIN}${PASSWORD}\n`).join(''));
    if (logFile !== undefined) run('install', ['-m', '640', '-g', 'adm', '/dev/null', logFile]); // or it would be 0600
    writeFileSync(CONFIG, configuration(this.#options));
    this.#dovecot = new Program('dovecot', ['-F', '-c', CONFIG]);
    await untilGreeted(this.#options.listen ?? ADDRESS.mailbox, 143, () => this.#dovecot?.output ?? '');
  }

  async stop(): Promise<void> {
    await this.#dovecot?.stop();
  }
}

function configuration({ users, logFile, listen, saslSocket }: DovecotOptions): string {
  const passdb =
    users === 'any'
      ? `passdb {\n  driver = static\n  args = password=${PASSWORD}\n}`
      : `passdb {\n  driver = passwd-file\n  args = ${USERS}\n}`;
  return `protocols = imap pop3
listen = ${listen ?? `${ADDRESS.mailbox}, ${ADDRESS.mailbox6}`}
base_dir = /run/dovecot
state_dir = /var/lib/dovecot
ssl = no
disable_plaintext_auth = no
auth_username_chars =
auth_failure_delay = 0
mail_location = maildir:${MAIL}/%u
first_valid_uid = 1
userdb {
  driver = static
  args = uid=vmail gid=vmail home=${MAIL}/home
}
service anvil {
  client_limit = 400
}
${logFile === undefined ? 'syslog_facility = mail' : `log_path = ${logFile}`}
${passdb}
${saslSocket === undefined ? '' : `service auth {\n  unix_listener ${saslSocket} {\n    mode = 0666\n  }\n}`}
`;
}
