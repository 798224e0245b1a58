/** The README's five minutes, word for word, on a bare host with Debian's own Postfix and Dovecot. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { BareHost } from './lab/bare-host.ts';
import { onLab } from './lab/lab.ts';
import { popLogin } from './lab/mailbox.ts';
import { until } from './lab/program.ts';
import { tryToRelay, tryToSend } from './lab/smtp.ts';

const ROOT = path.resolve(import.meta.dirname, '../../..');
const INSTALLABLE = path.join(
  process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache'),
  'relaypass/lab/installable',
);
const PRINTER = { from: '198.51.100.7', to: '192.0.2.25' };
const DOVECOT = `disable_plaintext_auth = no
ssl = no
mail_location = maildir:/tmp/%u
passdb {
  driver = static
  args = password=secret
}
userdb {
  driver = static
  args = uid=mail gid=mail home=/tmp
}
first_valid_uid = 1
`;

/** The lines of the README's section that an admin types. */
function readmeLines(): string[] {
  const [, section = ''] =
    /^## Five minutes\n([^]*?)^## /m.exec(readFileSync(path.join(ROOT, 'README.md'), 'utf8')) ?? [];
  return [...section.matchAll(/^ {4}(.*)$/gm)].map(([, line = '']) => line);
}

onLab('five minutes from a bare Debian host to a permitted printer', () => {
  const host = new BareHost();
  let mainCf = '';

  beforeAll(async () => {
    await host.start();
    const packages = readdirSync(INSTALLABLE).filter((file) => file.endsWith('.deb'));
    for (const name of packages) host.copy(path.join(INSTALLABLE, name), `/tmp/${name}`);
    if (packages.length > 0) {
      // else this host has them installed
      const { status, output } = host.run('dpkg --force-unsafe-io --install /tmp/*.deb');
      if (status !== 0) throw new Error(output);
    }
    host.run('cd /etc/dovecot/private && touch dovecot.pem dovecot.key'); // which the package ssl-cert would make
    host.run(`cat > /etc/dovecot/local.conf <<'END'\n${DOVECOT}END\n`);
    for (const command of ['rsyslogd', '/etc/init.d/dovecot restart', '/etc/init.d/postfix restart']) {
      const toFile = `${command} > /tmp/said 2>&1 < /dev/null`; // a server keeps what it was started with open
      expect({ command, status: host.run(toFile).status }).toEqual({ command, status: 0 });
    }
    const deb = spawnSync(path.join(ROOT, 'packaging/deb/build.sh'), ['/run'], { encoding: 'utf8', cwd: ROOT });
    host.copy(`/run/${/relaypass_\S+\.deb/.exec(deb.stdout)?.[0] ?? ''}`, '/tmp/relaypass_0.1.0_amd64.deb');
    mainCf = host.run('cat /etc/postfix/main.cf').output;
  }, 400_000);
  afterAll(() => host.stop());

  test('nobody may relay before', async () => {
    expect(mainCf).toMatch(/^smtpd_relay_restrictions = /m);
    expect(await tryToRelay(PRINTER)).toMatch(/^454 4\.7\.1 /);
  });

  test('the lines of the README work', () => {
    const [install = '', setup = '', status = '', ...rest] = readmeLines();
    expect(rest).toEqual([]);
    expect(install).toBe('apt install ./relaypass_0.1.0_amd64.deb');
    // there is no network for apt, and where Node.js was not installed as a package, dpkg knows none
    const nodejs = host.run('dpkg-query -W nodejs').status === 0 ? '' : '--ignore-depends=nodejs';
    const dpkg = `dpkg ${nodejs} --force-unsafe-io --install`;
    expect(host.run(install.replace('apt install ./', `${dpkg} /tmp/`))).toMatchObject({ status: 0 });
    // what systemd does on a host that has one
    expect(host.run('/etc/init.d/relaypass start')).toMatchObject({ status: 0 });
    expect(host.run(setup)).toMatchObject({ status: 0 });
    expect([0, 75]).toContain(host.run(status).status);
  });

  test('a printer that logs in at Dovecot may send, and its neighbour may not', async () => {
    expect(await tryToRelay(PRINTER)).toMatch(/^454 4\.7\.1 /);
    expect(await popLogin(PRINTER, { user: 'printer', password: 'secret' })).toBe(true);
    const isOpen = async () => (await tryToRelay(PRINTER)).startsWith('250 ');
    const context = () => host.run('cat /var/log/relaypass.log; tail -5 /var/log/mail.log').output;
    await until('Postfix relays for the printer', isOpen, { context });
    expect(await tryToRelay({ ...PRINTER, from: '198.51.100.8' })).toMatch(/^454 4\.7\.1 /);
    expect(host.run('relaypass list --no-header').output).toMatch(/^198\.51\.100\.7 +printer +pop3 /);
  });

  test('purging leaves Postfix as it was, running, and nothing else', async () => {
    expect(host.run('dpkg --purge relaypass')).toMatchObject({ status: 0 });
    expect(host.run('cat /etc/postfix/main.cf').output).toBe(mainCf);
    const isClosed = async () => (await tryToRelay(PRINTER)).startsWith('454 4.7.1 ');
    await until('Postfix has reloaded', isClosed);
    expect(await tryToSend(PRINTER, 'root')).toMatch(/^250 /);
    const { output } = host.run('find /etc /usr /var /run -xdev -name "*relaypass*" ! -path "*/tmp/*"');
    expect(output).toBe('');
  });
});
