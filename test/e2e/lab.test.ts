import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { Dovecot } from './lab/dovecot.ts';
import { ADDRESS, onLab } from './lab/lab.ts';
import { imapLogin, PASSWORD, popLogin } from './lab/mailbox.ts';
import { Postfix } from './lab/postfix.ts';
import { run, until } from './lab/program.ts';
import { Sendmail } from './lab/sendmail.ts';
import { tryToRelay, tryToSend } from './lab/smtp.ts';
import { MAIL_LOG, Syslog } from './lab/syslog.ts';

onLab('the lab, without relaypass', () => {
  const syslog = new Syslog();
  const dovecot = new Dovecot({ users: ['alice'] });
  const sendmail = new Sendmail({ access: '198.51.100.99\tRELAY\n' });
  const postfix = new Postfix();

  beforeAll(async () => {
    sendmail.configure();
    postfix.configure();
    rmSync('/var/lib/relaypass', { recursive: true, force: true });
    mkdirSync('/var/lib/relaypass');
    run('makemap', ['hash', '/var/lib/relaypass/popauth'], '198.51.100.7\tRELAY\nIPv6:2001:db8:0:0:0:0:0:7\tRELAY\n');
    run('postmap', ['-i', 'hash:/var/lib/relaypass/postfix'], '198.51.100.7\tRELAY\n2001:db8::7\tRELAY\n');
    for (const server of [syslog, dovecot, sendmail, postfix]) await server.start();
  });
  afterAll(async () => {
    for (const server of [postfix, sendmail, dovecot, syslog]) await server.stop();
  });

  test.each([
    ['198.51.100.7', ADDRESS.sendmail, ADDRESS.postfix],
    ['2001:db8::7', ADDRESS.sendmail6, ADDRESS.postfix6],
  ])('both MTAs relay for %s, which is in their map', async (from, sendmailAddress, postfixAddress) => {
    expect(await tryToRelay({ from, to: sendmailAddress })).toMatch(/^250 /);
    expect(await tryToRelay({ from, to: postfixAddress })).toMatch(/^250 /);
  });

  test.each([
    ['198.51.100.8', ADDRESS.sendmail, ADDRESS.postfix],
    ['2001:db8::8', ADDRESS.sendmail6, ADDRESS.postfix6],
  ])('neither MTA relays for %s, which is not', async (from, sendmailAddress, postfixAddress) => {
    expect(await tryToRelay({ from, to: sendmailAddress })).toMatch(/^550 5\.7\.1 .*Relaying denied/);
    expect(await tryToRelay({ from, to: postfixAddress })).toMatch(/^554 5\.7\.1 .*Relay access denied/);
    expect(await tryToSend({ from, to: sendmailAddress }, 'root@lab.example')).toMatch(/^250 /);
    expect(await tryToSend({ from, to: postfixAddress }, 'root@lab.example')).toMatch(/^250 /);
  });

  test('Sendmail relays for whom its access file names', async () => {
    expect(await tryToRelay({ from: '198.51.100.99', to: ADDRESS.sendmail })).toMatch(/^250 /);
  });

  test('a login at Dovecot, good or bad, is in the mail log with its address', async () => {
    const alice = { user: 'alice', password: PASSWORD };
    expect(await imapLogin({ from: '198.51.100.7', to: ADDRESS.mailbox }, alice)).toBe(true);
    expect(await popLogin({ from: '2001:db8::7', to: ADDRESS.mailbox6 }, alice)).toBe(true);
    expect(await popLogin({ from: '198.51.100.8', to: ADDRESS.mailbox }, { ...alice, password: 'wrong' })).toBe(false);
    await until('the failed login to be logged', () => /auth failed.*rip=198\.51\.100\.8,/.test(mailLog()), {
      context: mailLog,
    });
    expect(mailLog()).toMatch(/dovecot: imap-login: Login: user=<alice>, .*rip=198\.51\.100\.7,/);
    expect(mailLog()).toMatch(/dovecot: pop3-login: Login: user=<alice>, .*rip=2001:db8::7,/);
  });

  test('a rotated mail log goes on in a new file', async () => {
    syslog.rotate();
    await until('a login in the new file', loginIsInNewFile, { context: mailLog });
    expect(mailLog()).not.toContain('rip=198.51.100.7,');
  });
});

function mailLog(): string {
  return existsSync(MAIL_LOG) ? readFileSync(MAIL_LOG, 'utf8') : '';
}

async function loginIsInNewFile(): Promise<boolean> {
  await imapLogin({ from: '198.51.100.9', to: ADDRESS.mailbox }, { user: 'alice', password: PASSWORD });
  return mailLog().includes('rip=198.51.100.9,');
}
