import { expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { ADDRESS } from './lab/lab.ts';
import { imapLogin, popLogin } from './lab/mailbox.ts';
import { run, until } from './lab/program.ts';
import {
  ACCESS,
  expectRefused,
  GRACE_MS,
  isRefused,
  isRelayed,
  login,
  onRelayHost,
  toMailbox,
  verdicts,
} from './lab/relay-host.ts';
import { relaypass } from './lab/relaypass.ts';
import { ACCESS_FILE } from './lab/sendmail.ts';
import { tryToRelay, tryToSend } from './lab/smtp.ts';

onRelayHost('a login at a real Dovecot opens a real Sendmail and a real Postfix', (host) => {
  test('nobody relays before a login, and local mail is taken all the time', async () => {
    for (const client of ['198.51.100.7', '2001:db8::7']) await expectRefused(client);
    expect(await tryToSend({ from: '198.51.100.7', to: ADDRESS.sendmail }, 'root@lab.example')).toMatch(/^250 /);
    expect(await tryToSend({ from: '198.51.100.7', to: ADDRESS.postfix }, 'root@lab.example')).toMatch(/^250 /);
  });

  test('an IMAP login opens relay for its IPv4 address, and for no other', async () => {
    expect(await imapLogin(toMailbox('198.51.100.7'), login('alice'))).toBe(true);
    await host.untilOpen('198.51.100.7');
    await expectRefused('198.51.100.8');
  });

  test('a POP3 login opens relay for its IPv6 address, and for no other', async () => {
    expect(await popLogin(toMailbox('2001:db8::7'), login('bob@example.com'))).toBe(true);
    await host.untilOpen('2001:db8::7');
    await expectRefused('2001:db8::8');
    await expectRefused('2001:db8::7:1'); // Postfix would cut it to the key 2001:db8::7: docs/decisions/postfix-ipv6.md
  });

  test('every kind of Postfix map holds the addresses, as Postfix itself reads them', () => {
    for (const map of [
      'hash:/var/lib/relaypass/postfix',
      'cdb:/var/lib/relaypass/postfix-cdb',
      'lmdb:/var/lib/relaypass/postfix-lmdb',
    ]) {
      expect([map, run('postmap', ['-q', '198.51.100.7', map])]).toEqual([map, 'OK\n']);
      expect([map, run('postmap', ['-q', '2001:db8::7', map])]).toEqual([map, 'OK\n']);
    }
  });

  test('`relaypass list` and `show` tell who logged in, where and how', () => {
    const { stdout } = relaypass('list');
    expect(stdout).toMatch(/^198\.51\.100\.7\b.*\balice\b.*\bimap\b/m);
    expect(stdout).toMatch(/^2001:db8::7\b.*\bbob@example\.com\b.*\bpop3\b/m);
    expect(relaypass('show', '198.51.100.7').stdout).toMatch(/imap-login: Login: user=<alice>/);
  });

  test('a failed login opens nothing', async () => {
    expect(await imapLogin(toMailbox('198.51.100.20'), { user: 'alice', password: 'wrong' })).toBe(false);
    expect(await popLogin(toMailbox('2001:db8::9'), { user: 'alice', password: 'wrong' })).toBe(false);
    await imapLogin(toMailbox('198.51.100.21'), login('carol')); // logged after them, so read after them
    await host.untilOpen('198.51.100.21');
    await expectRefused('198.51.100.20');
    await expectRefused('2001:db8::9');
  });

  test.each([
    [30, 'x>, method=PLAIN, rip=203.0.113.66, lip=192.0.2.27, mpid=1, session=<y>'],
    [31, 'x, rip=203.0.113.66, lip=192.0.2.27'],
    [32, 'x rip=203.0.113.66,'],
    [33, 'x>, method=PLAIN, rip=203.0.113.66, lip=192.0.2.27, mpid=1\ndovecot: imap-login: Login: user=<y'],
  ])('a user name cannot open relay for an address that it names (client %i): %j', async (client, user) => {
    expect(await imapLogin(toMailbox(`198.51.100.${client}`), login(user))).toBe(true);
    expect(await imapLogin(toMailbox(`198.51.100.${client}`), { user, password: 'wrong' })).toBe(false);
    await imapLogin(toMailbox(`198.51.100.${client + 10}`), login('carol')); // logged after them, so read after them
    await host.untilOpen(`198.51.100.${client + 10}`);
    await expectRefused('203.0.113.66');
    expect(relaypass('list').stdout).not.toMatch(/^203\.0\.113\./m);
  });

  test('`relaypass purge` closes relay at once', async () => {
    await imapLogin(toMailbox('198.51.100.24'), login('dave'));
    await host.untilOpen('198.51.100.24');
    expect(relaypass('purge', '198.51.100.24')).toMatchObject({ status: 0, stderr: '' });
    await expectRefused('198.51.100.24');
    expect(relaypass('list').stdout).not.toContain('198.51.100.24');
  });

  test('`relaypass grant` opens relay at once', async () => {
    expect(relaypass('grant', '198.51.100.25')).toMatchObject({ status: 0, stderr: '' });
    expect((await verdicts('198.51.100.25')).filter(isRelayed)).toHaveLength(2);
    expect(relaypass('purge', '198.51.100.25').status).toBe(0);
  });

  test('a login right after the log was rotated counts', async () => {
    host.syslog.rotate();
    await imapLogin(toMailbox('198.51.100.26'), login('erin'));
    await host.untilOpen('198.51.100.26');
  });

  test('after kill -9 the sweep alone keeps whom it should, closes on time, and no login is lost or repeated', async () => {
    await imapLogin(toMailbox('2001:db8::a'), login('grace'));
    await host.untilOpen('2001:db8::a');
    await host.daemon.stop('SIGKILL');
    expect(relaypass('sweep')).toMatchObject({ status: 0, stderr: '' });
    expect((await verdicts('2001:db8::a')).filter(isRelayed)).toHaveLength(2);
    await until(
      'the sweep to close relay',
      async () => {
        expect(relaypass('sweep')).toMatchObject({ status: 0, stderr: '' });
        return (await verdicts('2001:db8::a')).every(isRefused);
      },
      { limitMs: 2 * GRACE_MS },
    );

    await imapLogin(toMailbox('198.51.100.28'), login('heidi'));
    host.daemon.start();
    await host.untilOpen('198.51.100.28');
    await expectRefused('2001:db8::a');
  });

  test("the admin's own access file and map are as they were", async () => {
    expect(readFileSync(ACCESS_FILE, 'utf8')).toBe(ACCESS);
    expect(run('makemap', ['-u', 'hash', ACCESS_FILE])).toMatch(/connect:198\.51\.100\.99\s+RELAY/);
    expect(await tryToRelay({ from: '198.51.100.99', to: ADDRESS.sendmail })).toMatch(/^250 /);
  });

  test('the daemon ends in order on SIGTERM', async () => {
    expect(await host.daemon.stop('SIGTERM')).toEqual({ status: 0, signal: null });
    expect(host.daemon.output).not.toMatch(/^\s+at /m);
  });
});
