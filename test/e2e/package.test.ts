import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import path from 'node:path';
import { BareHost } from './lab/bare-host.ts';
import { onLab } from './lab/lab.ts';
import { until } from './lab/program.ts';

const ROOT = path.resolve(import.meta.dirname, '../../..');
const MAP = '/var/lib/relaypass/relay-addresses';
const CONFIG = '[[source]]\\nfile = "/var/log/mail.log"\\n[[map]]\\nmta = "none"\\ntype = "text"\\n';
const LOGIN =
  'mx dovecot: imap-login: Login: user=<alice>, method=PLAIN, rip=198.51.100.7, lip=192.0.2.25, mpid=9, TLS, session=<x>';

onLab('the Debian package on a host without systemd', () => {
  const host = new BareHost();

  beforeAll(async () => {
    await host.start();
    const deb = spawnSync(path.join(ROOT, 'packaging/deb/build.sh'), ['/run'], { encoding: 'utf8', cwd: ROOT });
    expect(deb.stderr).toBe('');
    host.copy(`/run/${/relaypass_\S+\.deb/.exec(deb.stdout)?.[0] ?? ''}`, '/tmp/relaypass.deb');
  }, 180_000);
  afterAll(() => host.stop());

  test('installs, and its init script starts the daemon as its own user', async () => {
    // where Node.js was not installed as a package, dpkg knows none
    const nodejs = host.run('dpkg-query -W nodejs').status === 0 ? '' : '--ignore-depends=nodejs';
    expect(host.run(`dpkg ${nodejs} --force-unsafe-io --install /tmp/relaypass.deb`)).toMatchObject({ status: 0 });
    // by hand: invoke-rc.d, which the package uses, starts nothing where it takes the host for a chroot
    expect(host.run('/etc/init.d/relaypass start')).toEqual({ status: 0, output: '' });
    expect(host.run('/etc/init.d/relaypass status')).toMatchObject({ status: 0 });
    const uid = host.run('id -u relaypass').output;
    const pid = host.run('cat /run/relaypass.pid').output.trim();
    const told = () => host.run(`awk '/^Uid:/ { print $3 }' /proc/${pid}/status`).output; // the effective one
    await until('the daemon has become its own user', () => told() === uid);
    expect(host.run('stat -c "%U %a" /var/lib/relaypass').output).toBe('relaypass 755\n');
  });

  test('enables the units for a systemd to come', () => {
    const { output } = host.run('cd /etc/systemd/system && ls *.wants/relaypass*');
    for (const unit of ['relaypass.service', 'relaypass-sweep.service', 'relaypass-sweep.timer']) {
      expect(output).toContain(unit);
    }
  });

  test('puts completion, man pages and examples in their places', () => {
    expect(host.run('bash -n /usr/share/bash-completion/completions/relaypass')).toEqual({ status: 0, output: '' });
    for (const page of ['1 relaypass', '5 relaypass.toml', '5 relaypass-patterns']) {
      expect(host.run(`man -w ${page}`)).toMatchObject({ status: 0 });
    }
    expect(
      host.run('relaypass check --config-only --config /usr/share/doc/relaypass/examples/relaypass.toml').status,
    ).toBe(0);
  });

  test('takes up its configuration, and permits who logs in', async () => {
    host.run(`printf '${CONFIG}' > /etc/relaypass/relaypass.toml; touch /var/log/mail.log`);
    expect(host.run('/etc/init.d/relaypass reload')).toEqual({ status: 0, output: '' });
    host.run(`echo "$(date -Is) ${LOGIN}" >> /var/log/mail.log`);
    await until('198.51.100.7 is permitted', () => host.run(`cat ${MAP}`).output === '198.51.100.7\n');
  });

  test('the line for cron expires without the daemon', () => {
    const line = host.run("sed -n 's/^\\* \\* \\* \\* \\* root //p' /etc/cron.d/relaypass").output;
    expect(host.run(`rm ${MAP}; ${line}`)).toEqual({ status: 0, output: '' });
    expect(host.run(`cat ${MAP}`).output).toBe('198.51.100.7\n');
  });

  test('stops and starts again at a word', () => {
    expect(host.run('/etc/init.d/relaypass stop').status).toBe(0);
    expect(host.run('/etc/init.d/relaypass status').status).toBe(3); // LSB: not running
    expect(host.run('/etc/init.d/relaypass start').status).toBe(0);
    expect(host.run('/etc/init.d/relaypass status').status).toBe(0);
  });

  test('has systemd-tmpfiles make the state folder, and restore its ownership', () => {
    const made = () => host.run('systemd-tmpfiles --create relaypass.conf; stat -c "%U:%G %a" /var/lib/relaypass');
    host.run('/etc/init.d/relaypass stop');
    host.run('chown root:root /var/lib/relaypass; chmod 700 /var/lib/relaypass');
    expect(made()).toEqual({ status: 0, output: 'relaypass:relaypass 755\n' });
    host.run('mv /var/lib/relaypass /var/lib/aside');
    expect(made()).toEqual({ status: 0, output: 'relaypass:relaypass 755\n' });
    host.run('rmdir /var/lib/relaypass; mv /var/lib/aside /var/lib/relaypass; /etc/init.d/relaypass start');
  });

  test('refuses to reload a configuration that would not load, and says why', () => {
    host.run("cp /etc/relaypass/relaypass.toml /tmp; echo 'garce = 1' > /etc/relaypass/relaypass.toml");
    const { status, output } = host.run('/etc/init.d/relaypass reload');
    expect(status).toBe(6);
    expect(output).toContain('garce: unknown option');
    host.run('cp /tmp/relaypass.toml /etc/relaypass/relaypass.toml');
  });

  test('leaves nobody permitted when it is removed', () => {
    const { status, output } = host.run('dpkg --remove relaypass');
    expect({ status, output }).toMatchObject({ status: 0 });
    expect(host.run(`cat ${MAP}`)).toEqual({ status: 0, output: '' });
    expect(host.run('cat /run/relaypass.pid').status).toBe(1);
  });

  test('leaves nothing behind when it is purged', () => {
    expect(host.run('dpkg --purge relaypass')).toMatchObject({ status: 0 });
    const { output } = host.run('find /etc /usr /var /run -xdev -name "*relaypass*" ! -path "*/tmp/*"');
    expect(output).toBe('');
  });
});
