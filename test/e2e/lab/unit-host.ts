/** A private copy of this host with systemd as its first process, on which the Debian package runs the daemon and the sweep. */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { BareHost } from './bare-host.ts';
import { whyNoLab } from './lab.ts';
import { until } from './program.ts';

const ROOT = path.resolve(import.meta.dirname, '../../../..');
const CONFIG = '/etc/relaypass/relaypass.toml';
const DROP_INS = '/etc/systemd/system/relaypass.service.d';

export const MAP = '/var/lib/relaypass/relay-addresses';

export class UnitHost extends BareHost {
  /** Why systemd is not up, undefined when it is. */
  async whyNotBooted(): Promise<string | undefined> {
    const missing = whyNoLab();
    if (missing !== undefined) return missing;
    try {
      await this.boot();
      await until('systemd to be up', () => /running|degraded/.test(this.run('systemctl is-system-running').output));
      return undefined;
    } catch (failure) {
      this.stop();
      return `systemd cannot be the first process of a namespace here: ${String(failure)}`;
    }
  }

  /** Installs the package beside a log and a configuration with a text map; tells dpkg's exit status. */
  install(): number | null {
    this.run('install -m 640 -g adm /dev/null /var/log/mail.log; mkdir -p /etc/relaypass');
    this.configure();
    const deb = spawnSync(path.join(ROOT, 'packaging/deb/build.sh'), ['/run'], { encoding: 'utf8', cwd: ROOT });
    this.copy(`/run/${/relaypass_\S+\.deb/.exec(deb.stdout)?.[0] ?? ''}`, '/tmp/relaypass.deb');
    const nodejs = this.run('dpkg-query -W nodejs').status === 0 ? '' : '--ignore-depends=nodejs';
    return this.run(`dpkg ${nodejs} --force-confold --force-unsafe-io --install /tmp/relaypass.deb`).status;
  }

  /** With options outside of tables, and with more of the map's table, and others. */
  configure({ options = '', rest = '' } = {}): void {
    const text = `${options}[[source]]\nfile = "/var/log/mail.log"\n[[map]]\nmta = "none"\ntype = "text"\n${rest}`;
    this.run(`cat > ${CONFIG} <<'END'\n${text}END`);
  }

  mainPid(): string {
    return this.run('systemctl show -P MainPID relaypass').output.trim();
  }

  journal(): string {
    return this.run('journalctl --no-pager -o cat -u relaypass.service').output;
  }

  /** Logs the login of `address`, `agoS` before now. */
  logIn(address: string, agoS = 0): void {
    const line = `mx dovecot: imap-login: Login: user=<alice>, method=PLAIN, rip=${address}, lip=192.0.2.25, mpid=9, TLS, session=<x>`;
    this.run(`echo "$(date -Is -d '${agoS} seconds ago') ${line}" >> /var/log/mail.log`);
  }

  /** Waits until the map permits just these, in its order. */
  async untilPermitted(addresses: readonly string[], limitMs?: number): Promise<void> {
    const text = addresses.map((address) => `${address}\n`).join('');
    const isSo = () => this.run(`cat ${MAP}`).output === text;
    const context = () => this.journal();
    await until(`the map to be ${text}`, isSo, limitMs === undefined ? { context } : { limitMs, context });
  }

  dropIn(name: string, text: string): void {
    this.run(`mkdir -p ${DROP_INS}; printf '${text}' > ${DROP_INS}/${name}.conf; systemctl daemon-reload`);
  }

  removeDropIn(name: string): void {
    this.run(`rm ${DROP_INS}/${name}.conf; systemctl daemon-reload`);
  }
}
