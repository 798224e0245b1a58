import { expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const UNITS = ['systemd/relaypass.service', 'systemd/relaypass-sweep.service', 'systemd/relaypass-sweep.timer'];
const SERVICES = UNITS.filter((unit) => unit.endsWith('.service'));
// systemd 252: 0.2 for NotifyAccess=all, 0.4 for the address families without which Postfix's tools complain or fail;
// postfix, rsyslog and fail2ban have 9.6
const MAX_EXPOSURE = 1.1;

const withSystemd = spawnSync('systemd-analyze', ['--version']).status === 0 ? test : test.skip;

withSystemd.each(UNITS)('systemd finds nothing wrong in %s', (unit) => {
  const { status, stderr } = systemd('systemd-analyze', 'verify', '--man=no', unit);
  expect(stderr).toBe('');
  expect(status).toBe(0);
});

withSystemd.each(SERVICES)(`%s is exposed no more than ${MAX_EXPOSURE} of 10`, (unit) => {
  const { stdout } = systemd('systemd-analyze', 'security', '--offline=true', '--no-pager', unit);
  const exposure = /Overall exposure level for \S+: ([\d.]+)/.exec(stdout)?.[1];
  expect(Number(exposure)).toBeLessThanOrEqual(MAX_EXPOSURE);
});

withSystemd('systemd-sysusers makes the account that the services run as', () => {
  const root = mkdtempSync(path.join(tmpdir(), 'relaypass-sysusers-'));
  try {
    mkdirSync(path.join(root, 'etc/sysusers.d'), { recursive: true });
    cpSync('systemd/relaypass.sysusers', path.join(root, 'etc/sysusers.d/relaypass.conf'));
    systemd('systemd-sysusers', `--root=${root}`);
    const passwd = readFileSync(path.join(root, 'etc/passwd'), 'utf8');
    expect(passwd).toMatch(/^relaypass:.*:\/var\/lib\/relaypass:\S*nologin$/m);
    for (const unit of SERVICES) expect(readFileSync(unit, 'utf8')).toContain('\nUser=relaypass\n');
  } finally {
    rmSync(root, { recursive: true });
  }
});

test('systemd-tmpfiles makes the state folder as the services would', () => {
  const [line] = readFileSync('systemd/relaypass.tmpfiles', 'utf8').match(/^[^#\n].*$/gm) ?? [];
  expect(line).toBe('d /var/lib/relaypass 0755 relaypass relaypass');
  for (const unit of SERVICES) {
    const text = readFileSync(unit, 'utf8');
    for (const setting of ['User=relaypass', 'StateDirectory=relaypass', 'StateDirectoryMode=0755']) {
      expect(text).toContain(`\n${setting}\n`);
    }
  }
});

test('both services are confined alike', () => {
  const [daemon, sweep] = SERVICES.map(confinement);
  expect(daemon).toContain('NoNewPrivileges=yes');
  expect(sweep).toBe(daemon);
});

test('the timer bounds the sweep to a minute', () => {
  const timer = readFileSync('systemd/relaypass-sweep.timer', 'utf8');
  expect(timer).toContain('OnCalendar=*:*:00/30\nAccuracySec=1s\n'); // and a voucher holds for 20 s
});

function systemd(command: string, ...args: string[]) {
  return spawnSync(command, args, { encoding: 'utf8' });
}

function confinement(unit: string): string {
  const text = readFileSync(unit, 'utf8');
  return text.slice(text.indexOf('CapabilityBoundingSet='), text.indexOf('[Install]'));
}
