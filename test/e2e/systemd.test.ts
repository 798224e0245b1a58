/** The shipped units under a real systemd, which is the first process of a host of the test's own. */
import { spawnSync } from 'node:child_process';
import { afterAll, expect, test } from '@jest/globals';
import path from 'node:path';
import { BareHost } from './lab/bare-host.ts';
import { onLab, whyNoLab } from './lab/lab.ts';
import { until } from './lab/program.ts';

const ROOT = path.resolve(import.meta.dirname, '../../..');
const MAP = '/var/lib/relaypass/relay-addresses';
const CONFIG = '[[source]]\\nfile = "/var/log/mail.log"\\n[[map]]\\nmta = "none"\\ntype = "text"\\n';
const host = new BareHost();
const reason = await whyNotBooted();
if (reason !== undefined) process.stderr.write(`units are not run: ${reason}\n`);
const withSystemd = reason === undefined ? test : test.skip;

async function whyNotBooted(): Promise<string | undefined> {
  const missing = whyNoLab();
  if (missing !== undefined) return missing;
  try {
    await host.boot();
    await until('systemd to be up', () => /running|degraded/.test(host.run('systemctl is-system-running').output));
    return undefined;
  } catch (failure) {
    host.stop();
    return `systemd cannot be the first process of a namespace here: ${String(failure)}`;
  }
}

onLab(`the units under systemd${reason === undefined ? '' : ` (skipped: ${reason})`}`, () => {
  afterAll(async () => {
    host.stop();
    await host.removeCgroup();
  });

  withSystemd('installing the package starts them, as the account and in the groups that they need', async () => {
    host.run('install -m 640 -g adm /dev/null /var/log/mail.log; mkdir -p /etc/relaypass');
    host.run(`printf '${CONFIG}' > /etc/relaypass/relaypass.toml`);
    const deb = spawnSync(path.join(ROOT, 'packaging/deb/build.sh'), ['/run'], { encoding: 'utf8', cwd: ROOT });
    host.copy(`/run/${/relaypass_\S+\.deb/.exec(deb.stdout)?.[0] ?? ''}`, '/tmp/relaypass.deb');
    const nodejs = host.run('dpkg-query -W nodejs').status === 0 ? '' : '--ignore-depends=nodejs';
    expect(host.run(`dpkg ${nodejs} --force-confold --force-unsafe-io --install /tmp/relaypass.deb`)).toMatchObject({
      status: 0,
    });
    expect(host.run('systemctl is-active relaypass.service relaypass-sweep.timer').output).toBe('active\nactive\n');
    const groups = host
      .run('getent group relaypass adm systemd-journal | cut -d: -f3')
      .output.split('\n')
      .filter(Boolean);
    const status = host.run(`cat /proc/${mainPid()}/status`).output;
    expect(/^Uid:\t(\d+)\t\1\t\1\t\1$/m.exec(status)?.[1]).toBe(host.run('id -u relaypass').output.trim());
    expect(/^Groups:\t(.*?) ?$/m.exec(status)?.[1]?.split(' ')).toEqual(expect.arrayContaining(groups));
  });

  withSystemd('the state folder is the account’s, and readable for the MTAs', () => {
    expect(host.run('stat -c "%U:%G %a" /var/lib/relaypass /var/lib/relaypass/store').output).toBe(
      'relaypass:relaypass 755\nrelaypass:relaypass 700\n',
    );
    expect(host.run(`stat -c %a ${MAP}`).output).toBe('644\n');
  });

  withSystemd('a login is permitted', async () => {
    logIn('198.51.100.7');
    await untilMap('198.51.100.7\n');
  });

  withSystemd('reload takes up a new configuration, and refuses one that would not load', async () => {
    const pid = mainPid();
    host.run(`printf '${CONFIG}[admission]\\nnever_networks = ["198.51.100.8"]\\n' > /etc/relaypass/relaypass.toml`);
    expect(host.run('systemctl reload relaypass')).toEqual({ status: 0, output: '' });
    await until('it starts anew in the same process', () => journal().split('\nstarted ').length === 3);
    host.run("echo 'garce = 1' >> /etc/relaypass/relaypass.toml");
    expect(host.run('systemctl reload relaypass').status).toBe(1);
    logIn('198.51.100.8');
    logIn('198.51.100.9');
    await untilMap('198.51.100.7\n198.51.100.9\n');
    expect(mainPid()).toBe(pid);
    host.run(`printf '${CONFIG}' > /etc/relaypass/relaypass.toml`);
  });

  withSystemd('kill -9 is followed by a start, and nobody loses a permission', async () => {
    await untilRestarted(() => host.run(`kill -9 ${mainPid()}`));
    expect(host.run(`cat ${MAP}`).output).toBe('198.51.100.7\n198.51.100.9\n');
  });

  withSystemd('a daemon that hangs is killed by the watchdog, and started again', async () => {
    dropIn('watchdog', '[Service]\\nWatchdogSec=3s\\n');
    host.run('systemctl restart relaypass');
    await untilRestarted(() => host.run(`kill -STOP ${mainPid()}`));
    expect(journal()).toMatch(/Watchdog timeout/);
    logIn('198.51.100.10');
    await untilMap('198.51.100.10\n198.51.100.7\n198.51.100.9\n');
    host.run('rm /etc/systemd/system/relaypass.service.d/watchdog.conf; systemctl daemon-reload');
  });

  withSystemd('the sweep runs in the same confinement, and makes a map that is missing', () => {
    host.run(`systemctl stop relaypass; rm ${MAP}`);
    expect(host.run('systemctl start relaypass-sweep.service')).toEqual({ status: 0, output: '' });
    expect(host.run(`cat ${MAP}`).output).toBe('198.51.100.10\n198.51.100.7\n198.51.100.9\n');
  });

  withSystemd('stops in order, and stays stopped', () => {
    host.run('systemctl start relaypass');
    expect(host.run('systemctl stop relaypass')).toEqual({ status: 0, output: '' });
    expect(host.run('systemctl show -P Result -P ActiveState relaypass').output.split('\n')).toEqual(
      expect.arrayContaining(['success', 'inactive']),
    );
  });

  withSystemd('a configuration in error stops it for good, with the line in the journal', async () => {
    host.run("echo 'garce = 1' > /etc/relaypass/relaypass.toml; systemctl start relaypass");
    await until('the daemon has failed', () => host.run('systemctl is-failed relaypass').output === 'failed\n');
    expect(host.run('systemctl show -P ExecMainStatus relaypass').output).toBe('78\n');
    expect(journal()).toContain('relaypass.toml:1: garce: unknown option');
  });

  withSystemd('a credential and the drop-in for the network reach a Redis', async () => {
    const server =
      'require("net").createServer((s) => s.on("data", (d) => process.stdout.write(d))).listen(6399, "127.0.0.1")';
    host.run(
      `ip link set lo up; node -e '${server}' > /tmp/redis 2>&1 & echo secret-of-redis > /etc/relaypass/redis; chmod 600 /etc/relaypass/redis`,
    );
    host.run(`printf '${CONFIG}[cluster]\\nurl = "redis://127.0.0.1:6399"\\n' > /etc/relaypass/relaypass.toml`);
    const network = 'PrivateNetwork=no\\nIPAddressDeny=\\nRestrictAddressFamilies=AF_UNIX AF_INET AF_INET6\\n';
    dropIn('cluster', `[Service]\\nLoadCredential=redis-password:/etc/relaypass/redis\\n${network}`);
    host.run('systemctl start relaypass');
    await until('Redis is told the password', () => host.run('cat /tmp/redis').output.includes('secret-of-redis'), {
      context: () => host.run('cat /tmp/redis').output + journal(),
    });
  });
});

function mainPid(): string {
  return host.run('systemctl show -P MainPID relaypass').output.trim();
}

function journal(): string {
  return host.run('journalctl --no-pager -o cat -u relaypass.service').output;
}

function logIn(address: string): void {
  const line = `mx dovecot: imap-login: Login: user=<alice>, method=PLAIN, rip=${address}, lip=192.0.2.25, mpid=9, TLS, session=<x>`;
  host.run(`echo "$(date -Is) ${line}" >> /var/log/mail.log`);
}

async function untilMap(text: string): Promise<void> {
  await until(`the map to be ${text}`, () => host.run(`cat ${MAP}`).output === text, { context: journal });
}

async function untilRestarted(end: () => unknown): Promise<void> {
  const before = mainPid();
  end();
  const isAnother = () => {
    const { output } = host.run('systemctl show -p MainPID,ActiveState relaypass');
    return /^ActiveState=active$/m.test(output) && !output.includes(`MainPID=${before}\n`);
  };
  await until('systemd to start it again', isAnother, { limitMs: 60_000, context: journal });
}

function dropIn(name: string, text: string): void {
  const folder = '/etc/systemd/system/relaypass.service.d';
  host.run(`mkdir -p ${folder}; printf '${text}' > ${folder}/${name}.conf; systemctl daemon-reload`);
}
