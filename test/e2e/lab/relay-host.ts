/** A mail host whole: Dovecot, Sendmail and Postfix with relaypass beside them, and what both MTAs say to a client. */
import { afterAll, beforeAll, expect } from '@jest/globals';
import { Dovecot } from './dovecot.ts';
import { ADDRESS, onLab } from './lab.ts';
import { PASSWORD } from './mailbox.ts';
import { Postfix } from './postfix.ts';
import { until } from './program.ts';
import { Relaypass, relaypass } from './relaypass.ts';
import { Sendmail } from './sendmail.ts';
import { tryToRelay } from './smtp.ts';
import { Syslog } from './syslog.ts';

/** The least that the configuration allows. */
export const GRACE_MS = 60_000;
/** The admin's own access file, which relaypass never touches. */
export const ACCESS = 'Connect:198.51.100.99\tRELAY\n198.51.100.7\tOK\n';
const CONFIG = `
grace = "1m"
[[source]]
file = "/var/log/mail.log"
[[map]]
mta = "sendmail"
[[map]]
mta = "postfix"
[[map]]
mta = "postfix"
type = "cdb"
path = "/var/lib/relaypass/postfix-cdb"
[[map]]
mta = "postfix"
type = "lmdb"
path = "/var/lib/relaypass/postfix-lmdb"
`;

/** A group of tests on a host of its own. */
export function onRelayHost(title: string, tests: (host: RelayHost) => void): void {
  onLab(title, () => {
    const host = new RelayHost();
    beforeAll(async () => host.start());
    afterAll(async () => host.stop());
    tests(host);
  });
}

class RelayHost {
  readonly daemon = new Relaypass();
  readonly syslog = new Syslog();
  readonly #dovecot = new Dovecot({ users: 'any' });
  readonly #sendmail = new Sendmail({ access: ACCESS });
  readonly #postfix = new Postfix();

  async start(): Promise<void> {
    this.#sendmail.configure();
    this.#postfix.configure();
    this.daemon.configure(CONFIG);
    expect(relaypass('sweep')).toMatchObject({ status: 0, stderr: '' });
    for (const server of [this.syslog, this.#dovecot, this.#sendmail, this.#postfix]) await server.start();
    this.daemon.start();
  }

  async stop(): Promise<void> {
    await this.daemon.stop();
    for (const server of [this.#postfix, this.#sendmail, this.#dovecot, this.syslog]) await server.stop();
  }

  async untilOpen(client: string): Promise<void> {
    const open = async () => (await verdicts(client)).every(isRelayed);
    await this.daemon.until(`both MTAs relay for ${client}`, open);
  }
}

export function login(user: string) {
  return { user, password: PASSWORD };
}

export function toMailbox(from: string) {
  return { from, to: from.includes(':') ? ADDRESS.mailbox6 : ADDRESS.mailbox };
}

/** What Sendmail and Postfix say to a client that wants to relay. */
export async function verdicts(from: string): Promise<string[]> {
  const [sendmail, postfix] = from.includes(':')
    ? [ADDRESS.sendmail6, ADDRESS.postfix6]
    : [ADDRESS.sendmail, ADDRESS.postfix];
  return Promise.all([tryToRelay({ from, to: sendmail }), tryToRelay({ from, to: postfix })]);
}

export function isRelayed(reply: string): boolean {
  return reply.startsWith('250 ');
}

/** A refusal for good: a map that is missing or broken would say 451. */
export function isRefused(reply: string): boolean {
  return /^55[04] 5\.7\.1 /.test(reply);
}

export async function expectRefused(client: string): Promise<void> {
  const [sendmail, postfix] = await verdicts(client);
  expect(sendmail).toMatch(/^550 5\.7\.1 .*Relaying denied/);
  expect(postfix).toMatch(/^554 5\.7\.1 .*Relay access denied/);
}

export async function untilRefused(client: string): Promise<void> {
  const refused = async () => (await verdicts(client)).every(isRefused);
  await until(`both MTAs refuse ${client}`, refused, { limitMs: 2 * GRACE_MS });
}
