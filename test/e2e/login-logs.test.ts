import { afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { Courier } from './lab/courier.ts';
import { Cyrus } from './lab/cyrus.ts';
import { Dovecot } from './lab/dovecot.ts';
import { ADDRESS, onLab } from './lab/lab.ts';
import { imapLogin, PASSWORD, popLogin, type MailboxServer } from './lab/mailbox.ts';
import { Mailutils } from './lab/mailutils.ts';
import { Perdition } from './lab/perdition.ts';
import { Popa3d } from './lab/popa3d.ts';
import { Postfix } from './lab/postfix.ts';
import { MAP_FILE, Relaypass, relaypass } from './lab/relaypass.ts';
import { Sendmail } from './lab/sendmail.ts';
import { authLogin } from './lab/smtp.ts';
import { SolidPop3d } from './lab/solid-pop3d.ts';
import { MAIL_LOG, Syslog, WHOLE_LOG, type LineFormat } from './lab/syslog.ts';
import { appendLogin } from './lab/written-log.ts';

const OWN_LOG = '/var/log/dovecot.log';

interface Case {
  readonly name: string;
  readonly server: MailboxServer;
  readonly log: string;
  readonly header: LineFormat;
  readonly speaks: readonly ('imap' | 'pop3')[];
  /** What a wrong password is said to be. @default wrong password */
  readonly refusal?: string;
}

const BOTH = ['imap', 'pop3'] as const;
const dovecot = new Dovecot({ users: ['alice'] });
const CASES: readonly Case[] = [
  { name: 'Dovecot in the headers of before', server: dovecot, log: MAIL_LOG, header: 'rfc3164', speaks: BOTH },
  {
    name: 'Dovecot in a log of its own',
    server: new Dovecot({ users: ['alice'], logFile: OWN_LOG }),
    log: OWN_LOG,
    header: 'rfc3339',
    speaks: BOTH,
  },
  { name: 'Courier', server: new Courier('alice'), log: MAIL_LOG, header: 'rfc3339', speaks: BOTH },
  { name: 'Cyrus', server: new Cyrus('alice'), log: MAIL_LOG, header: 'rfc3339', speaks: BOTH },
  { name: 'popa3d', server: new Popa3d('alice'), log: WHOLE_LOG, header: 'rfc3339', speaks: ['pop3'] },
  { name: 'Solid POP3', server: new SolidPop3d('alice'), log: WHOLE_LOG, header: 'rfc3339', speaks: ['pop3'] },
  {
    name: 'Perdition',
    server: new Perdition('alice'),
    log: MAIL_LOG,
    header: 'rfc3339',
    speaks: BOTH,
    refusal: 'the server behind the proxy refused it',
  },
];

/** MTAs that alice may log in to, and what they ask for her password. */
const MTAS = [
  {
    name: 'postfix',
    mta: new Postfix({ saslSocket: 'private/auth' }),
    asked: [new Dovecot({ users: ['alice'], saslSocket: '/var/spool/postfix/private/auth' })],
    map: '/var/lib/relaypass/postfix.db',
  },
  { name: 'sendmail', mta: new Sendmail({ saslUser: 'alice' }), asked: [], map: MAP_FILE },
] as const;

const ATTACKER = '203.0.113.66';
/** User names that end their own line's fields, and begin what would grant the attacker's address. */
const FORGERIES = [
  `x>, method=PLAIN, rip=${ATTACKER}, lip=192.0.2.27, mpid=1, session=<y>`,
  `alice, ip=[::ffff:${ATTACKER}], port=[9], protocol=IMAP`,
  `x\ndovecot: imap-login: Login: user=<y>, method=PLAIN, rip=${ATTACKER}, lip=192.0.2.27, mpid=1, session=<z>`,
  `x\n${new Date().toISOString()} mx dovecot: imap-login: Login: user=<y>, rip=${ATTACKER}, lip=192.0.2.27, mpid=1`,
  `${'x'.repeat(490)}LOGIN, user=alice, ip=[::ffff:${ATTACKER}], port=[9], protocol=IMAP`,
  `h.example [${ATTACKER}] alice plaintext User logged in`,
  `alice' logged in with mailbox /var/mail/alice from ${ATTACKER}`,
];

/** Names that a mail host may give its users, or let them choose; Dovecot folds their case. */
const ODD_NAMES = [
  "o'neil+tag@example.org",
  'jürgen@example.org',
  '用户',
  'first last',
  '"quoted"@example.org',
  `x, rip=${ATTACKER}`,
  `x, method=plain, rip=${ATTACKER}, lip=192.0.2.27, tls`,
  `[${ATTACKER}]`,
];

onLab('what real POP and IMAP servers log', () => {
  const daemon = new Relaypass();

  beforeAll(() => new Sendmail().configure());
  beforeEach(() => {
    for (const log of [MAIL_LOG, WHOLE_LOG, OWN_LOG]) rmSync(log, { force: true });
  });
  afterEach(async () => {
    await daemon.stop();
  });

  test.each(CASES)(
    '$name: a login counts, a failed one does not, whatever name it brings, and show tells of it',
    async ({ server, log, header, speaks, refusal = 'wrong password' }) => {
      const syslog = new Syslog(header);
      daemon.configure(`[[source]]\nfile = "${log}"\n[[map]]\nmta = "sendmail"\n`);
      await syslog.start();
      await server.start();
      try {
        daemon.start();
        for (const [index, service] of speaks.entries()) {
          expect(await login(service, `198.51.100.${10 + index}`, 'wrong')).toBe(false);
          expect(await login(service, `198.51.100.${20 + index}`, PASSWORD)).toBe(true);
        }
        for (const service of speaks) await forge(service); // last, since Courier's next logins are not believed
        await untilRead(daemon, log);
        const listed = relaypass('list').stdout;
        for (const [index, service] of speaks.entries()) {
          expect(listed).toMatch(new RegExp(`^198\\.51\\.100\\.${20 + index}\\b.*\\balice\\b.*\\b${service}\\b`, 'm'));
          expect(listed).not.toContain(`198.51.100.${10 + index}`);
        }
        expect(relaypass('list', '--jsonl').stdout.trimEnd().split('\n')).toHaveLength(speaks.length + 1);
        for (const [index, service] of speaks.entries())
          await untilFailureIsShown(daemon, `198.51.100.${10 + index}`, `${service}: ${refusal}`);
        expect(relaypass('show', ATTACKER).stdout).toContain('\nNo failed login seen since ');
      } finally {
        await server.stop();
        await syslog.stop();
      }
    },
  );

  test('Dovecot: who logs in under an odd name is permitted at the address that is the client’s, under that name', async () => {
    const syslog = new Syslog();
    const server = new Dovecot({ users: 'any' });
    daemon.configure(`[[source]]\nfile = "${MAIL_LOG}"\n[[map]]\nmta = "sendmail"\n`);
    await syslog.start();
    await server.start();
    try {
      daemon.start();
      for (const [index, user] of ODD_NAMES.entries())
        expect(await login('imap', `198.51.100.${40 + index}`, PASSWORD, user)).toBe(true);
      await untilRead(daemon, MAIL_LOG);
      const listed = relaypass('list').stdout;
      for (const [index, user] of ODD_NAMES.entries()) {
        const line = listed.split('\n').find((each) => each.startsWith(`198.51.100.${40 + index} `));
        expect(line).toContain(` ${user} `);
      }
      expect(relaypass('list', '--jsonl').stdout.trimEnd().split('\n')).toHaveLength(ODD_NAMES.length + 1);
    } finally {
      await server.stop();
      await syslog.stop();
    }
  });

  test.each(MTAS)(
    '$name: a login by SMTP AUTH counts where its pattern is in use, and show tells of a failed one',
    async ({ name, mta, asked, map }) => {
      const syslog = new Syslog();
      mta.configure();
      const use = `[patterns]\nuse = ["${name}", "dovecot"]\n`;
      daemon.configure(`${use}[[source]]\nfile = "${MAIL_LOG}"\n[[map]]\nmta = "${name}"\n`);
      await syslog.start();
      for (const server of asked) await server.start();
      try {
        daemon.start();
        await daemon.until('the map that the MTA reads', () => existsSync(map));
        await mta.start();
        const auth = (from: string, password: string) =>
          authLogin({ from, to: ADDRESS[name] }, { user: 'alice', password });
        expect(await auth('198.51.100.10', 'wrong')).toBe(false);
        expect(await auth('198.51.100.20', PASSWORD)).toBe(true);
        await untilFailureIsShown(daemon, '198.51.100.10', 'smtp: wrong password');
        await daemon.until('the login to count', () => AUTH_LISTED.test(relaypass('list').stdout));
        expect(relaypass('list').stdout).not.toContain('198.51.100.10');
      } finally {
        await mta.stop();
        for (const server of asked) await server.stop();
        await syslog.stop();
      }
    },
  );

  test('GNU Mailutils logs logins without an address, so they grant nobody anything', async () => {
    const syslog = new Syslog();
    const server = new Mailutils('alice');
    daemon.configure(`[[source]]\nfile = "${WHOLE_LOG}"\n[[map]]\nmta = "sendmail"\n`);
    await syslog.start();
    await server.start();
    try {
      daemon.start();
      for (const service of BOTH) {
        expect(await login(service, '198.51.100.10', 'wrong')).toBe(false);
        await forge(service);
        expect(await login(service, '198.51.100.20', PASSWORD)).toBe(true);
      }
      const areLogged = () => MAILUTILS_LOGINS.every((line) => line.test(readFileSync(WHOLE_LOG, 'utf8')));
      await daemon.until('rsyslogd to write the logins', areLogged);
      await untilRead(daemon, WHOLE_LOG);
      expect(relaypass('list', '--jsonl').stdout.trimEnd().split('\n')).toHaveLength(1);
    } finally {
      await server.stop();
      await syslog.stop();
    }
  });
});

const AUTH_LISTED = /^198\.51\.100\.20\b.*\balice\b.*\bsmtp\b/m;
const MAILUTILS_LOGINS = [/imap4d\[\d+\]: user .alice. logged in/, /pop3d\[\d+\]: user .alice. logged in/];

async function login(service: 'imap' | 'pop3', from: string, password: string, user = 'alice'): Promise<boolean> {
  const log = service === 'imap' ? imapLogin : popLogin;
  return log({ from, to: ADDRESS.mailbox }, { user, password });
}

/** Until the daemon has read all that `log` holds, as one more login in it shows. */
async function untilRead(daemon: Relaypass, log: string): Promise<void> {
  const last = '198.51.100.99';
  appendLogin(last, { file: log });
  await daemon.until('the last login to count', () => relaypass('list').stdout.includes(last));
}

/** As a server tells of it, which is when the client has gone. */
async function untilFailureIsShown(daemon: Relaypass, address: string, what: string): Promise<void> {
  const told = `: alice at ${address}, ${what}`;
  await daemon.until('the failed login to be shown', () => relaypass('show', address).stdout.includes(told));
}

/** All at once, since servers make a client wait that fails; some hang up on such a name. */
async function forge(service: 'imap' | 'pop3'): Promise<void> {
  const attempts = FORGERIES.map((user, index) => login(service, `198.51.100.${30 + index}`, 'wrong', user));
  for (const outcome of await Promise.allSettled(attempts)) {
    if (outcome.status === 'fulfilled') expect(outcome.value).toBe(false);
  }
}
