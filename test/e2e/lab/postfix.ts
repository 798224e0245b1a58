/**
 * A real Postfix that accepts mail for lab.example, relays for mynetworks (loopback) and for the addresses in
 * relaypass's map, and discards what it accepts.
 */
import { chmodSync, cpSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { untilGreeted } from './dialogue.ts';
import { ADDRESS } from './lab.ts';
import { Program, run } from './program.ts';

const ETC = '/etc/postfix';
const QUEUE = '/var/spool/postfix';
const DATA = '/var/lib/postfix';

export interface PostfixOptions {
  /** The restriction that asks relaypass. @default the README's, with type hash */
  readonly restriction?: string;
  /** Whether smtpd runs inside the queue folder, as Debian's does. @default false */
  readonly chroot?: boolean;
  /** Where Dovecot answers for SMTP AUTH, below the queue folder. @default there is no SMTP AUTH */
  readonly saslSocket?: string;
}

export class Postfix {
  readonly #options: PostfixOptions;
  #master: Program | undefined;

  constructor(options: PostfixOptions = {}) {
    this.#options = options;
  }

  /** What installing does: postmap and postconf work from here on. */
  configure(): void {
    makeFolders();
    cpSync('/usr/share/postfix/dynamicmaps.cf', `${ETC}/dynamicmaps.cf`);
    writeOld(
      `${ETC}/main.cf`,
      mainCf(this.#options.restriction ?? checkClientAccess('hash:/var/lib/relaypass/postfix')) +
        saslCf(this.#options.saslSocket),
    );
    writeOld(`${ETC}/master.cf`, masterCf(this.#options.chroot === true ? 'y' : 'n'));
  }

  /** Needs relaypass's map to exist. */
  async start(): Promise<void> {
    this.#master = new Program('/usr/lib/postfix/sbin/master', ['-c', ETC, '-d']);
    await untilGreeted(ADDRESS.postfix, 25, () => this.#master?.output ?? '');
  }

  async stop(): Promise<void> {
    await this.#master?.stop();
  }
}

/** The restriction that looks `map` up by whole addresses. */
export function checkClientAccess(map: string): string {
  return `check_client_access unionmap:{regexp:/dev/null,${map}}`;
}

function makeFolders(): void {
  make(QUEUE, 0o755, 'root:root');
  make(DATA, 0o700, 'postfix:postfix');
  make(`${QUEUE}/pid`, 0o755, 'root:root');
  make(`${QUEUE}/public`, 0o2710, 'postfix:postdrop');
  make(`${QUEUE}/maildrop`, 0o1730, 'postfix:postdrop');
  for (const name of 'active bounce corrupt defer deferred flush hold incoming private saved trace'.split(' ')) {
    make(`${QUEUE}/${name}`, 0o700, 'postfix:root');
  }
}

function make(folder: string, mode: number, owner: string): void {
  mkdirSync(folder, { recursive: true });
  run('chown', [owner, folder]);
  chmodSync(folder, mode);
}

const EDITED_AGO_S = 10; // Postfix's programs doze for a second or two when their file was edited just now

function writeOld(file: string, text: string): void {
  writeFileSync(file, text);
  const then = Date.now() / 1000 - EDITED_AGO_S;
  utimesSync(file, then, then);
}

function mainCf(restriction: string): string {
  return `compatibility_level = 3.6
data_directory = ${DATA}
queue_directory = ${QUEUE}
myhostname = mx.lab.example
mydestination = lab.example
inet_interfaces = all
mynetworks = 127.0.0.0/8
alias_maps =
alias_database =
local_recipient_maps =
local_transport = discard:
relay_transport = discard:
virtual_transport = discard:
default_transport = discard:
smtpd_peername_lookup = no
smtputf8_enable = no
in_flow_delay = 0
service_throttle_time = 1s
smtpd_error_sleep_time = 0
smtpd_client_connection_count_limit = 0
smtpd_relay_restrictions = permit_mynetworks, permit_auth_destination, ${restriction}, reject_unauth_destination
`;
}

function saslCf(socket: string | undefined): string {
  if (socket === undefined) return '';
  return `smtpd_sasl_auth_enable = yes\nsmtpd_sasl_type = dovecot\nsmtpd_sasl_path = ${socket}\n`;
}

/** @param chroot as master.cf writes it */
function masterCf(chroot: 'y' | 'n'): string {
  return `${ADDRESS.postfix}:25 inet n - ${chroot} - - smtpd
[${ADDRESS.postfix6}]:25 inet n - ${chroot} - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
`;
}
