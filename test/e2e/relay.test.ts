import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { Dovecot } from './lab/dovecot.ts';
import { ADDRESS, onLab } from './lab/lab.ts';
import { imapLogin, imapSession, PASSWORD, popLogin } from './lab/mailbox.ts';
import { Postfix } from './lab/postfix.ts';
import { run, until } from './lab/program.ts';
import { Relaypass, relaypass } from './lab/relaypass.ts';
import { ACCESS_FILE, Sendmail } from './lab/sendmail.ts';
import { tryToRelay, tryToSend } from './lab/smtp.ts';
import { Syslog } from './lab/syslog.ts';

const GRACE_MS = 60_000; // the least that the configuration allows
const ACCESS = 'Connect:198.51.100.99\tRELAY\n198.51.100.7\tOK\n';
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

onLab('a login at a real Dovecot opens a real Sendmail and a real Postfix for the grace', () => {
  const daemon = new Relaypass();
  const syslog = new Syslog();
  const dovecot = new Dovecot({ users: 'any' });
  const sendmail = new Sendmail({ access: ACCESS });
  const postfix = new Postfix();

  beforeAll(async () => {
    sendmail.configure();
    postfix.configure();
    daemon.configure(CONFIG);
    expect(relaypass('sweep')).toMatchObject({ status: 0, stderr: '' });
    for (const server of [syslog, dovecot, sendmail, postfix]) await server.start();
    daemon.start();
  });
  afterAll(async () => {
    await daemon.stop();
    for (const server of [postfix, sendmail, dovecot, syslog]) await server.stop();
  });

  const untilOpen = async (client: string) =>
    daemon.until(`both MTAs relay for ${client}`, async () => (await verdicts(client)).every(isRelayed));

  test('nobody relays before a login, and local mail is taken all the time', async () => {
    for (const client of ['198.51.100.7', '2001:db8::7']) await expectRefused(client);
    expect(await tryToSend({ from: '198.51.100.7', to: ADDRESS.sendmail }, 'root@lab.example')).toMatch(/^250 /);
    expect(await tryToSend({ from: '198.51.100.7', to: ADDRESS.postfix }, 'root@lab.example')).toMatch(/^250 /);
  });

  test('an IMAP login opens relay for its IPv4 address, and for no other', async () => {
    expect(await imapLogin(toMailbox('198.51.100.7'), login('alice'))).toBe(true);
    await untilOpen('198.51.100.7');
    await expectRefused('198.51.100.8');
  });

  test('a POP3 login opens relay for its IPv6 address, and for no other', async () => {
    expect(await popLogin(toMailbox('2001:db8::7'), login('bob@example.com'))).toBe(true);
    await untilOpen('2001:db8::7');
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
    await untilOpen('198.51.100.21');
    await expectRefused('198.51.100.20');
    await expectRefused('2001:db8::9');
  });

  test.each([
    [30, 'x>, method=PLAIN, rip=203.0.113.66, lip=192.0.2.27, mpid=1, session=<y>'],
    [31, 'x, rip=203.0.113.66, lip=192.0.2.27'],
    [32, 'x rip=203.0.113.66,'],
    [33, 'x>, method=PLAIN, rip=203.0.113.66, lip=192.0.2.27, mpid=1\ndovecot: imap-login: Login: user=<y'],
  ])('a user name cannot open relay for an address that it names (client %i): %j', async (host, user) => {
    expect(await imapLogin(toMailbox(`198.51.100.${host}`), login(user))).toBe(true);
    expect(await imapLogin(toMailbox(`198.51.100.${host}`), { user, password: 'wrong' })).toBe(false);
    await imapLogin(toMailbox(`198.51.100.${host + 10}`), login('carol')); // logged after them, so read after them
    await untilOpen(`198.51.100.${host + 10}`);
    await expectRefused('203.0.113.66');
    expect(relaypass('list').stdout).not.toMatch(/^203\.0\.113\./m);
  });

  test('`relaypass purge` closes relay at once', async () => {
    await imapLogin(toMailbox('198.51.100.24'), login('dave'));
    await untilOpen('198.51.100.24');
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
    syslog.rotate();
    await imapLogin(toMailbox('198.51.100.26'), login('erin'));
    await untilOpen('198.51.100.26');
  });

  test('an open IMAP session keeps relay open past the grace, which begins at its logout', async () => {
    await imapLogin(toMailbox('198.51.100.28'), login('grace')); // its logout tells that Dovecot logs them
    await untilOpen('198.51.100.28');
    await imapSession(toMailbox('198.51.100.29'), login('grace'), async (imap) => {
      await untilOpen('198.51.100.29');
      const graceEndsAt = Date.now() + GRACE_MS;
      const isGraceOver = async () => {
        imap.send('n NOOP'); // or the lab's client hangs up
        await imap.lineLike(/^n OK/);
        return Date.now() > graceEndsAt;
      };
      await until('the grace of the login to be over', isGraceOver, { limitMs: 2 * GRACE_MS });
      await expectRefused('198.51.100.28');
      expect((await verdicts('198.51.100.29')).every(isRelayed)).toBe(true);
      expect(relaypass('list').stdout).toMatch(/^198\.51\.100\.29\b.*session open/m);
    });
    await daemon.until('the session to end', async () => !relaypass('list').stdout.includes('session open'));
    expect((await verdicts('198.51.100.29')).every(isRelayed)).toBe(true);
    await untilRefused('198.51.100.29');
  });

  test('relay closes when the grace is over, and not before', async () => {
    const before = Date.now();
    await popLogin(toMailbox('198.51.100.27'), login('frank'));
    await untilOpen('198.51.100.27');
    await untilRefused('198.51.100.27');
    expect(Date.now() - before).toBeGreaterThanOrEqual(GRACE_MS);
    for (const client of ['198.51.100.7', '2001:db8::7']) await expectRefused(client);
    expect(relaypass('list').stdout).not.toMatch(/198\.51\.100|2001:db8/);
  });

  test('after kill -9 the sweep alone keeps whom it should, closes on time, and no login is lost or repeated', async () => {
    await imapLogin(toMailbox('2001:db8::a'), login('grace'));
    await untilOpen('2001:db8::a');
    await daemon.stop('SIGKILL');
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
    daemon.start();
    await untilOpen('198.51.100.28');
    await expectRefused('2001:db8::a');
  });

  test("the admin's own access file and map are as they were", async () => {
    expect(readFileSync(ACCESS_FILE, 'utf8')).toBe(ACCESS);
    expect(run('makemap', ['-u', 'hash', ACCESS_FILE])).toMatch(/connect:198\.51\.100\.99\s+RELAY/);
    expect(await tryToRelay({ from: '198.51.100.99', to: ADDRESS.sendmail })).toMatch(/^250 /);
  });

  test('the daemon ends in order on SIGTERM', async () => {
    expect(await daemon.stop('SIGTERM')).toEqual({ status: 0, signal: null });
    expect(daemon.output).not.toMatch(/^\s+at /m);
  });
});

function login(user: string) {
  return { user, password: PASSWORD };
}

function toMailbox(from: string) {
  return { from, to: from.includes(':') ? ADDRESS.mailbox6 : ADDRESS.mailbox };
}

/** What Sendmail and Postfix say to a client that wants to relay. */
async function verdicts(from: string): Promise<string[]> {
  const [sendmail, postfix] = from.includes(':')
    ? [ADDRESS.sendmail6, ADDRESS.postfix6]
    : [ADDRESS.sendmail, ADDRESS.postfix];
  return Promise.all([tryToRelay({ from, to: sendmail }), tryToRelay({ from, to: postfix })]);
}

function isRelayed(reply: string): boolean {
  return reply.startsWith('250 ');
}

/** A refusal for good: a map that is missing or broken would say 451. */
function isRefused(reply: string): boolean {
  return /^55[04] 5\.7\.1 /.test(reply);
}

async function expectRefused(client: string): Promise<void> {
  const [sendmail, postfix] = await verdicts(client);
  expect(sendmail).toMatch(/^550 5\.7\.1 .*Relaying denied/);
  expect(postfix).toMatch(/^554 5\.7\.1 .*Relay access denied/);
}

async function untilRefused(client: string): Promise<void> {
  const refused = async () => (await verdicts(client)).every(isRefused);
  await until(`both MTAs refuse ${client}`, refused, { limitMs: 2 * GRACE_MS });
}
