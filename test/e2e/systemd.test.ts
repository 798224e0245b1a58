/** The shipped units under a real systemd, which is the first process of a host of the test's own. */
import { afterAll, expect, test } from '@jest/globals';
import { onLab } from './lab/lab.ts';
import { until } from './lab/program.ts';
import { MAP, UnitHost } from './lab/unit-host.ts';

const host = new UnitHost();
const reason = await host.whyNotBooted();
if (reason !== undefined) process.stderr.write(`units are not run: ${reason}\n`);
const withSystemd = reason === undefined ? test : test.skip;

onLab(`the units under systemd${reason === undefined ? '' : ` (skipped: ${reason})`}`, () => {
  afterAll(async () => {
    host.stop();
    await host.removeCgroup();
  });

  withSystemd('installing the package starts them, as the account and in the groups that they need', async () => {
    expect(host.install()).toBe(0);
    expect(host.run('systemctl is-active relaypass.service relaypass-sweep.timer').output).toBe('active\nactive\n');
    const groups = host
      .run('getent group relaypass adm systemd-journal | cut -d: -f3')
      .output.split('\n')
      .filter(Boolean);
    const status = host.run(`cat /proc/${host.mainPid()}/status`).output;
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
    host.logIn('198.51.100.7');
    await host.untilPermitted(['198.51.100.7']);
  });

  withSystemd('reload takes up a new configuration, and refuses one that would not load', async () => {
    const pid = host.mainPid();
    host.configure({ rest: '[admission]\nnever_networks = ["198.51.100.8"]\n' });
    expect(host.run('systemctl reload relaypass')).toEqual({ status: 0, output: '' });
    await until('it starts anew in the same process', () => host.journal().split('\nstarted ').length === 3);
    host.run("echo 'garce = 1' >> /etc/relaypass/relaypass.toml");
    expect(host.run('systemctl reload relaypass').status).toBe(1);
    host.logIn('198.51.100.8');
    host.logIn('198.51.100.9');
    await host.untilPermitted(['198.51.100.7', '198.51.100.9']);
    expect(host.mainPid()).toBe(pid);
    host.configure();
  });

  withSystemd('kill -9 is followed by a start, and nobody loses a permission', async () => {
    await untilRestarted(() => host.run(`kill -9 ${host.mainPid()}`));
    expect(host.run(`cat ${MAP}`).output).toBe('198.51.100.7\n198.51.100.9\n');
  });

  withSystemd('a daemon that hangs is killed by the watchdog, and started again', async () => {
    host.dropIn('watchdog', '[Service]\\nWatchdogSec=3s\\n');
    host.run('systemctl restart relaypass');
    await untilRestarted(() => host.run(`kill -STOP ${host.mainPid()}`));
    expect(host.journal()).toMatch(/Watchdog timeout/);
    host.logIn('198.51.100.10');
    await host.untilPermitted(['198.51.100.10', '198.51.100.7', '198.51.100.9']);
    host.removeDropIn('watchdog');
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
    expect(host.journal()).toContain('relaypass.toml:1: garce: unknown option');
  });

  withSystemd('a credential and the drop-in for the network reach a Redis', async () => {
    const server =
      'require("net").createServer((s) => s.on("data", (d) => process.stdout.write(d))).listen(6399, "127.0.0.1")';
    host.run(
      `ip link set lo up; node -e '${server}' > /tmp/redis 2>&1 & echo secret-of-redis > /etc/relaypass/redis; chmod 600 /etc/relaypass/redis`,
    );
    host.configure({ rest: '[cluster]\nurl = "redis://127.0.0.1:6399"\n' });
    const network = 'PrivateNetwork=no\\nIPAddressDeny=\\n';
    host.dropIn('cluster', `[Service]\\nLoadCredential=redis-password:/etc/relaypass/redis\\n${network}`);
    host.run('systemctl start relaypass');
    await until('Redis is told the password', () => host.run('cat /tmp/redis').output.includes('secret-of-redis'), {
      context: () => host.run('cat /tmp/redis').output + host.journal(),
    });
  });
});

async function untilRestarted(end: () => unknown): Promise<void> {
  const before = host.mainPid();
  end();
  const isAnother = () => {
    const { output } = host.run('systemctl show -p MainPID,ActiveState relaypass');
    return /^ActiveState=active$/m.test(output) && !output.includes(`MainPID=${before}\n`);
  };
  await until('systemd to start it again', isAnother, { limitMs: 60_000, context: () => host.journal() });
}
