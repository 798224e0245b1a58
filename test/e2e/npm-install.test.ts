/** The README's lines for a host without Debian's packages, from where npm has put ours. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { BareHost } from './lab/bare-host.ts';
import { onLab } from './lab/lab.ts';

const ROOT = path.resolve(import.meta.dirname, '../../..');

/** What the README has an admin type after `npm install`, which would ask a registry. */
function readmeLines(): string[] {
  const readme = readFileSync(path.join(ROOT, 'README.md'), 'utf8');
  const [block = ''] = /^ {4}npm run ready && npm pack\n(?: {4}.*\n)*/m.exec(readme) ?? [];
  const lines = block.trim().split(/\n {4}/);
  expect(lines.slice(0, 2)).toEqual(['npm run ready && npm pack', 'npm install --global ./relaypass-0.1.0.tgz']);
  return lines.slice(2);
}

onLab('an installation by npm', () => {
  const host = new BareHost();

  beforeAll(async () => {
    await host.start();
    const packed = spawnSync('npm', ['pack', '--ignore-scripts', '--pack-destination', '/run'], { cwd: ROOT });
    expect(packed.status).toBe(0);
    host.copy('/run/relaypass-0.1.0.tgz', '/tmp/relaypass.tgz');
    const needed = ['-chf', '/run/needed.tar', '-C', path.join(ROOT, 'node_modules'), 'lmdb', '@lmdb'];
    expect(spawnSync('tar', needed).status).toBe(0);
    host.copy('/run/needed.tar', '/tmp/needed.tar');
    // what npm does with a package, and with those that it needs: all others are in its bundle
    const place = '"$(npm root --global)/relaypass"';
    const { status, output } = host.run(
      `set -e; mkdir -p ${place}; tar -xzf /tmp/relaypass.tgz --strip-components=1 -C ${place}; ` +
        `mkdir ${place}/node_modules; tar -xf /tmp/needed.tar -C ${place}/node_modules; ` +
        `chmod +x ${place}/dist/bin/relaypass.cjs; ln -sf ${place}/dist/bin/relaypass.cjs /usr/bin/relaypass`,
    );
    expect({ status, output }).toEqual({ status: 0, output: '' });
  }, 180_000);
  afterAll(() => host.stop());

  test('is ready by the lines of the README', () => {
    // no systemd runs here: links are made, and nothing is started
    const systemctl = 'systemctl() { [ "$1" = daemon-reload ] || command systemctl "$1" "$3" "$4" "$5"; }';
    const [check, ...lines] = readmeLines().toReversed();
    const { status, output } = host.run(`set -e; ${systemctl}; ${lines.toReversed().join('\n')}`);
    expect({ status, output }).toMatchObject({ status: 0 });
    expect(host.run('stat -c "%U:%G %a" /var/lib/relaypass').output).toBe('relaypass:relaypass 755\n');
    expect(host.run('ls /etc/systemd/system/*.wants').output).toMatch(/relaypass-sweep\.service[^]*relaypass\.service/);
    expect(check).toBe('relaypass check');
    const checked = host.run('relaypass check');
    expect(checked.output).toContain('/var/lib/relaypass/store: can be read, entries: 0');
  });
});
