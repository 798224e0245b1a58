/** The package with an empty configuration, under a real systemd, beside Debian's own Postfix: its tools in the units' confinement. */
import { readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { onLab } from './lab/lab.ts';
import { until } from './lab/program.ts';
import { UnitHost } from './lab/unit-host.ts';

const CACHE = process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache');
const INSTALLABLE = path.join(CACHE, 'relaypass/lab/installable');
const MAP = '/var/lib/relaypass/postfix';
const NETWORK = '[Service]\\nPrivateNetwork=no\\nIPAddressAllow=localhost\\n'; // docs/lookups.md

const host = new UnitHost();
const reason = await host.whyNotBooted();
if (reason !== undefined) process.stderr.write(`units are not run: ${reason}\n`);
const withSystemd = reason === undefined ? test : test.skip;

onLab(`the units beside a Postfix${reason === undefined ? '' : ` (skipped: ${reason})`}`, () => {
  beforeAll(() => {
    if (reason !== undefined) return;
    const packages = readdirSync(INSTALLABLE).filter((file) => /^(cpio|postfix)_.*\.deb$/.test(file));
    for (const name of packages) host.copy(path.join(INSTALLABLE, name), `/tmp/${name}`);
    if (packages.length > 0) {
      // else this host has them installed
      const { status, output } = host.run('dpkg --force-unsafe-io --install /tmp/*.deb');
      if (status !== 0) throw new Error(output);
    }
    expect(host.install()).toBe(0);
    host.run('echo > /etc/relaypass/relaypass.toml; systemctl restart relaypass');
  }, 300_000);
  afterAll(async () => {
    host.stop();
    await host.removeCgroup();
  });

  withSystemd('the daemon’s map permits who has logged in', async () => {
    host.logIn('198.51.100.7');
    await untilPermits('198.51.100.7');
    expect(host.journal()).not.toMatch(/not published|postmap|postconf/);
  });

  withSystemd(
    'what a command of root’s is building stays, though the daemon cannot see that process in /proc',
    async () => {
      const start = 'setsid sleep 600 > /dev/null 2>&1 & echo $! $(cut -d" " -f22 /proc/$!/stat)';
      const [pid = '', ticks = ''] = host.run(start).output.trim().split(' ');
      const folder = `/var/lib/relaypass/.postfix.db.build-${pid}-${ticks}-aaaaaa`;
      const isThere = () => host.run(`[ -d ${folder} ]`).status === 0;
      host.run(`install -d -o relaypass ${folder}; rm ${MAP}.db; systemctl restart relaypass`);
      await untilPermits('198.51.100.7');
      expect(isThere()).toBe(true);
      host.run(`kill ${pid}; rm ${MAP}.db; systemctl restart relaypass`);
      await until('the folder of the killed one to go', () => !isThere());
      await untilPermits('198.51.100.7');
    },
  );

  withSystemd('the sweep makes one that is missing', () => {
    host.run(`systemctl stop relaypass; rm ${MAP}.db`);
    expect(host.run('systemctl start relaypass-sweep.service')).toEqual({ status: 0, output: '' });
    expect(permits('198.51.100.7')).toBe(true);
    expect(sweepJournal()).not.toMatch(/postmap|postconf/);
  });

  withSystemd('a drop-in that lets the daemon onto the network does not hinder them', async () => {
    host.dropIn('network', NETWORK);
    host.run(`rm ${MAP}.db; systemctl start relaypass`);
    host.logIn('198.51.100.8');
    await untilPermits('198.51.100.8');
    expect(host.journal()).not.toMatch(/not published|postmap|postconf/);
  });
});

function permits(address: string): boolean {
  return host.run(`postmap -q ${address} hash:${MAP}`).output === 'OK\n';
}

function untilPermits(address: string): Promise<void> {
  return until(`the map to permit ${address}`, () => permits(address), { context: () => host.journal() });
}

function sweepJournal(): string {
  return host.run('journalctl --no-pager -o cat -u relaypass-sweep.service').output;
}
