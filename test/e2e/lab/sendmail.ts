/**
 * A real Sendmail that accepts mail for lab.example, relays for its access file's clients, and includes
 * docs/examples/popauth.m4 as an admin would. Its clients are never answered slowly, and nothing is delivered.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { untilGreeted } from './dialogue.ts';
import { ADDRESS } from './lab.ts';
import { PASSWORD } from './mailbox.ts';
import { Program, run } from './program.ts';

/** The source of the admin's own map, which relaypass must leave alone. */
export const ACCESS_FILE = '/etc/mail/access';
/** The shipped rules. */
export const SNIPPET = '/run/relaypass-package/docs/examples/popauth.m4';
const CF = '/etc/mail/sendmail.cf';

export interface SendmailOptions {
  /** Lines of the access file. @default none */
  readonly access?: string;
  /** The .m4 file that ties in relaypass's map. @default the shipped docs/examples/popauth.m4 */
  readonly snippet?: string;
  /** The map that is the access map. @default the one built of the access file */
  readonly accessMap?: string;
  /** The whole of sendmail.mc. @default one that includes the snippet */
  readonly mc?: string;
  /** Who may log in by SMTP AUTH. @default there is no SMTP AUTH */
  readonly saslUser?: string;
}

export class Sendmail {
  readonly #options: SendmailOptions;
  #sendmail: Program | undefined;

  constructor(options: SendmailOptions = {}) {
    this.#options = options;
  }

  /** What installing does: makemap works from here on. */
  configure(): void {
    mkdirSync('/var/spool/mqueue', { recursive: true, mode: 0o700 });
    writeFileSync('/etc/mail/service.switch', 'hosts\tfiles\naliases\tfiles\npasswd\tfiles\n');
    writeFileSync('/etc/mail/lab.mc', this.#options.mc ?? configuration(this.#options));
    writeFileSync(CF, run('m4', ['-D_CF_DIR_=/usr/share/sendmail/cf/', '/etc/mail/lab.mc']));
    if (this.#options.saslUser !== undefined) addSaslUser(this.#options.saslUser);
    const access = this.#options.access ?? '';
    writeFileSync(ACCESS_FILE, access);
    rmSync(`${ACCESS_FILE}.db`, { force: true }); // another test's sendmail.cf may have given it to another user
    run('makemap', ['hash', ACCESS_FILE], access);
  }

  /** Needs relaypass's map to exist. */
  async start(): Promise<void> {
    this.#sendmail = new Program('/usr/libexec/sendmail/sendmail', ['-bD', `-C${CF}`]);
    await untilGreeted(ADDRESS.sendmail, 25, () => this.#sendmail?.output ?? '');
  }

  async stop(): Promise<void> {
    await this.#sendmail?.stop();
  }
}

/** To a database of SASL's own. */
function addSaslUser(user: string): void {
  mkdirSync('/etc/sasl2', { recursive: true });
  writeFileSync('/etc/sasl2/Sendmail.conf', 'pwcheck_method: auxprop\nauxprop_plugin: sasldb\nmech_list: PLAIN\n');
  run('saslpasswd2', ['-p', '-c', '-u', 'mx.lab.example', user], PASSWORD);
}

const AUTH = `define(\`confAUTH_MECHANISMS', \`PLAIN')
TRUST_AUTH_MECH(\`PLAIN')`;

/** Without confDONT_PROBE_INTERFACES every address of this host, so every client of the lab, could relay. */
function configuration({
  snippet = SNIPPET,
  accessMap = `hash -T<TMPF> ${ACCESS_FILE}`,
  saslUser,
}: SendmailOptions): string {
  return `divert(-1)
include(_CF_DIR_\`m4/cf.m4')
OSTYPE(\`linux')
define(\`confDOMAIN_NAME', \`mx.lab.example')
define(\`confPID_FILE', \`/run/sendmail.pid')
define(\`QUEUE_DIR', \`/var/spool/mqueue')
define(\`STATUS_FILE', \`')
define(\`ALIAS_FILE', \`')
define(\`confDEF_USER_ID', \`8:8')
define(\`confTO_IDENT', \`0s')
define(\`confDELIVERY_MODE', \`q')
define(\`confBAD_RCPT_THROTTLE', \`0')
define(\`confQUEUE_LA', \`0')
define(\`confREFUSE_LA', \`0')
define(\`confDONT_PROBE_INTERFACES', \`True')
${saslUser === undefined ? 'dnl' : AUTH}
FEATURE(\`no_default_msa')
FEATURE(\`nocanonify')
FEATURE(\`accept_unresolvable_domains')
FEATURE(\`access_db', \`${accessMap}')
DAEMON_OPTIONS(\`Family=inet, Name=MTA4, Addr=${ADDRESS.sendmail}, Port=25')
DAEMON_OPTIONS(\`Family=inet6, Name=MTA6, Addr=${ADDRESS.sendmail6}, Port=25')
MAILER(\`local')
MAILER(\`smtp')
LOCAL_CONFIG
Cwlab.example
include(\`${snippet}')dnl
`;
}
