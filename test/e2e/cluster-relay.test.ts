/** A POP host and two relays: a real Dovecot at the one, a real Sendmail and a real Postfix at the others. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { RedisServer } from './cluster/redis-server.ts';
import { ClusterNode } from './lab/cluster-node.ts';
import { Dovecot } from './lab/dovecot.ts';
import { ADDRESS, onLab } from './lab/lab.ts';
import { popLogin } from './lab/mailbox.ts';
import { checkClientAccess, Postfix } from './lab/postfix.ts';
import { expectRefused, isRefused, isRelayed, login, toMailbox, untilRefused, verdicts } from './lab/relay-host.ts';
import { Sendmail } from './lab/sendmail.ts';
import { tryToRelay } from './lab/smtp.ts';
import { Syslog } from './lab/syslog.ts';

const GRACE_MS = 60_000;
const POSTFIX_STATE = '/var/lib/relaypass-mx2';

onLab('a login at the POP host opens relay at the relays', () => {
  const [syslog, dovecot] = [new Syslog(), new Dovecot({ users: 'any' })];
  const sendmail = new Sendmail();
  const postfix = new Postfix({ restriction: checkClientAccess(`hash:${POSTFIX_STATE}/postfix`) });
  let redis: RedisServer;
  let pop: ClusterNode;
  let mx1: ClusterNode;
  let mx2: ClusterNode;

  beforeAll(async () => {
    redis = await RedisServer.start();
    sendmail.configure();
    postfix.configure();
    const shared = { redisUrl: redis.url };
    await syslog.start();
    await dovecot.start();
    pop = new ClusterNode({
      ...shared,
      name: 'pop1',
      stateDir: '/var/lib/relaypass-pop1',
      log: '/var/log/mail.log',
      toml: '[[map]]\nmta = "none"\ntype = "text"\n',
    });
    mx1 = new ClusterNode({
      ...shared,
      name: 'mx1',
      stateDir: '/var/lib/relaypass',
      toml: mapToml('sendmail', '/var/lib/relaypass/popauth'),
    });
    mx2 = new ClusterNode({
      ...shared,
      name: 'mx2',
      stateDir: POSTFIX_STATE,
      toml: mapToml('postfix', `${POSTFIX_STATE}/postfix`),
    });
    for (const node of [mx1, mx2]) expect(node.run('sweep')).toMatchObject({ status: 0, stderr: '' });
    for (const server of [sendmail, postfix]) await server.start();
    for (const node of [pop, mx1, mx2]) node.start();
    for (const node of [pop, mx1, mx2]) await node.joined();
  });
  afterAll(async () => {
    for (const part of [pop, mx1, mx2, postfix, sendmail, dovecot, syslog]) await part.stop();
  });

  const untilOpen = (client: string) =>
    pop.until(`relays to open for ${client}`, async () => (await verdicts(client)).every(isRelayed));

  test('for its address, and for no other; each node tells where it was seen', async () => {
    await expectRefused('198.51.100.7');
    expect(await popLogin(toMailbox('198.51.100.7'), login('alice'))).toBe(true);
    expect(await popLogin(toMailbox('2001:db8::7'), login('bob'))).toBe(true);
    await untilOpen('198.51.100.7');
    await untilOpen('2001:db8::7');
    await expectRefused('198.51.100.8');
    for (const node of [mx1, mx2]) {
      expect(node.run('list').stdout).toMatch(/^198\.51\.100\.7 .*pop1: .*mail\.log/m);
      expect(node.run('show', '198.51.100.7').stdout).toMatch(/on pop1\b[^]*pop3-login: Login: user=<alice>/);
    }
  });

  test.each(['pop1', 'mx1', 'mx2'])('until a purge at %s closes it at both', async (name) => {
    const [node] = [pop, mx1, mx2].filter((each) => each.name === name);
    await popLogin(toMailbox('198.51.100.20'), login('carol'));
    await untilOpen('198.51.100.20');
    expect(node?.run('purge', '198.51.100.20')).toMatchObject({ status: 0, stderr: '' });
    await untilRefused('198.51.100.20');
  });

  test('until its grace is over', async () => {
    pop.login('198.51.100.21', 'dave', GRACE_MS - 15_000);
    const loggedInAt = Date.now() - GRACE_MS + 15_000;
    await untilOpen('198.51.100.21');
    await untilRefused('198.51.100.21');
    expect(Date.now() - loggedInAt).toBeGreaterThanOrEqual(GRACE_MS);
  });

  test('and without Redis each relay opens by its own log, and keeps whom it knows', async () => {
    await popLogin(toMailbox('198.51.100.22'), login('erin'));
    await untilOpen('198.51.100.22');
    await redis.stop('SIGKILL');
    for (const node of [pop, mx1, mx2]) await node.alone();
    mx1.login('198.51.100.23', 'frank');
    mx2.login('198.51.100.24', 'grace');
    await mx1.until('Sendmail to open', async () => isRelayed(await atSendmail('198.51.100.23')));
    await mx2.until('Postfix to open', async () => isRelayed(await atPostfix('198.51.100.24')));
    expect(isRefused(await atPostfix('198.51.100.23'))).toBe(true);
    expect((await verdicts('198.51.100.22')).every(isRelayed)).toBe(true);
    const purge = mx1.run('purge', '198.51.100.22');
    expect(purge.status).toBe(75); // the others do not know yet
    await redis.start();
    for (const client of ['198.51.100.23', '198.51.100.24']) await untilOpen(client);
    await untilRefused('198.51.100.22');
  });
});

function mapToml(mta: string, file: string): string {
  return `[[map]]\nmta = "${mta}"\npath = "${file}"\n`;
}

async function atSendmail(from: string): Promise<string> {
  return tryToRelay({ from, to: ADDRESS.sendmail });
}

async function atPostfix(from: string): Promise<string> {
  return tryToRelay({ from, to: ADDRESS.postfix });
}
