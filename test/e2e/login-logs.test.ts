import { afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { rmSync } from 'node:fs';
import { Courier } from './lab/courier.ts';
import { Cyrus } from './lab/cyrus.ts';
import { Dovecot } from './lab/dovecot.ts';
import { ADDRESS, onLab } from './lab/lab.ts';
import { imapLogin, PASSWORD, popLogin, type MailboxServer } from './lab/mailbox.ts';
import { Popa3d } from './lab/popa3d.ts';
import { Relaypass, relaypass } from './lab/relaypass.ts';
import { Sendmail } from './lab/sendmail.ts';
import { MAIL_LOG, Syslog, WHOLE_LOG, type LineFormat } from './lab/syslog.ts';

const OWN_LOG = '/var/log/dovecot.log';

interface Case {
  readonly name: string;
  readonly server: MailboxServer;
  readonly log: string;
  readonly header: LineFormat;
  readonly speaks: readonly ('imap' | 'pop3')[];
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

  test.each(CASES)('$name: a login counts, a failed one does not', async ({ server, log, header, speaks }) => {
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
      const last = `198.51.100.${20 + speaks.length - 1}`;
      await daemon.until('the last login to count', () => relaypass('list').stdout.includes(last));
      const listed = relaypass('list').stdout;
      for (const [index, service] of speaks.entries()) {
        expect(listed).toMatch(new RegExp(`^198\\.51\\.100\\.${20 + index}\\b.*\\balice\\b.*\\b${service}\\b`, 'm'));
        expect(listed).not.toContain(`198.51.100.${10 + index}`);
      }
    } finally {
      await server.stop();
      await syslog.stop();
    }
  });
});

async function login(service: 'imap' | 'pop3', from: string, password: string): Promise<boolean> {
  const log = service === 'imap' ? imapLogin : popLogin;
  return log({ from, to: ADDRESS.mailbox }, { user: 'alice', password });
}
