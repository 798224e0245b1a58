/** The examples of docs/cluster.md, run as they stand there but for names of hosts, ports and folders. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { readAccess } from '../../src/cluster/access.ts';
import { parseRedisUrl } from '../../src/cluster/url.ts';
import { loadConfig } from '../../src/config/load.ts';
import { certificate } from '../e2e/cluster/certificate.ts';
import { freePort, RedisServer, withRedis } from '../e2e/cluster/redis-server.ts';
import { TestHost } from '../relaypass-process.ts';
import { tempDir } from '../temp-dir.ts';

const ROOT = path.resolve(import.meta.dirname, '../../..');
const PAGE = readFileSync(path.join(ROOT, 'docs/cluster.md'), 'utf8');

/** The example that has `text` in it, without its indentation. */
function example(text: string): string {
  const blocks = PAGE.split('\n\n').filter((block) => /^ {4}/.test(block));
  const found = blocks.find((block) => block.includes(text));
  if (found === undefined) throw new Error(`docs/cluster.md has no example with ${text}`);
  return `${found.replaceAll(/^ {4}/gm, '')}\n`;
}

withRedis(
  'a server and a node that are set up by the page are a cluster, over TLS and with those rights alone',
  async () => {
    const [dir, port] = [tempDir(), await freePort()];
    const { key, cert } = certificate();
    for (const [from, to] of [
      [key, 'key.pem'],
      [cert, 'cert.pem'],
      [cert, 'redis-ca.pem'],
    ] as const)
      copyFileSync(from, path.join(dir, to));
    writeFileSync(path.join(dir, 'redis-password'), 's3cret\n');
    writeFileSync(path.join(dir, 'users.acl'), '');
    const here = (text: string) => text.replaceAll(/\/etc\/(redis|relaypass)/g, dir);

    const conf = path.join(dir, 'redis.conf');
    writeFileSync(conf, here(example('tls-port')).replace('tls-port 6379', `tls-port ${port}`));
    const redis = await RedisServer.start('--include', conf);
    const acl = example('ACL SETUSER').replace('PASSWORD', 's3cret');
    expect(await redis.command(...acl.trim().split(/\s+/))).toBe('+OK\r\n');
    expect(await redis.command('ACL', 'SAVE')).toBe('+OK\r\n');

    const host = new TestHost(here(example('[cluster]')).replace('redis.example.net', `127.0.0.1:${port}`));
    await (await host.startDaemon()).joined();
    expect(host.run('check').stdout).toMatch(/^ok +cluster: linked as /m);
  },
);

test('the URLs of the page are such as can be read', () => {
  const urls = PAGE.match(/url = "[^"]+"/g)?.map((text) => text.slice('url = "'.length, -1)) ?? [];
  expect(urls.length).toBeGreaterThan(3);
  for (const url of urls) expect([url, parseRedisUrl(url)]).not.toEqual([url, undefined]);
});

test('what the page has systemd hand the daemon is what it reads, before the file', () => {
  const [, name = ''] = /^LoadCredential=([^:]+):/m.exec(example('LoadCredential')) ?? [];
  const credentials = tempDir();
  writeFileSync(path.join(credentials, name), 'from systemd\n');
  const host = new TestHost('[cluster]\nurl = "unix:/run/redis.sock"\npassword_file = "/nonexistent"\n');
  const { cluster } = loadConfig(host.configFile);
  if (cluster === undefined) throw new Error('no cluster');
  expect(readAccess(cluster, { CREDENTIALS_DIRECTORY: credentials }).password).toBe('from systemd');
  expect(() => readAccess(cluster, {})).toThrow('cluster.password_file: /nonexistent: cannot be read');
});

const withSystemd = spawnSync('systemd-analyze', ['--version']).status === 0 ? test : test.skip;

withSystemd('systemd knows every setting of the drop-in, and it lets the daemon out', () => {
  const units = tempDir();
  const unit = path.join(units, 'relaypass.service');
  const text = readFileSync(path.join(ROOT, 'systemd/relaypass.service'), 'utf8');
  writeFileSync(unit, text.replaceAll(/^Exec(\w+)=.*$/gm, 'Exec$1=/bin/true'));
  mkdirSync(`${unit}.d`);
  writeFileSync(path.join(`${unit}.d`, 'cluster.conf'), example('LoadCredential'));
  const { status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', unit], { encoding: 'utf8' });
  expect({ status, stderr: stderr.split('\n').filter((line) => line.includes('cluster.conf')) }).toEqual({
    status: 0,
    stderr: [],
  });
});
