/** The kinds of server that a URL can name: with TLS and a user of its own, a Redis Cluster, behind Sentinels. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect } from '@jest/globals';
import { Link, LinkLost } from '../../src/cluster/redis.ts';
import { parseRedisUrl } from '../../src/cluster/url.ts';
import { loginNews } from '../../src/cluster/wire.ts';
import { TestHost, until } from '../relaypass-process.ts';
import { tempDir } from '../temp-dir.ts';
import { Place } from '../store/fixture.ts';
import { certificate } from './cluster/certificate.ts';
import { freePort, RedisServer, withRedis } from './cluster/redis-server.ts';

const PAGE = path.resolve(import.meta.dirname, '../../../docs/cluster.md');
const place = new Place();

interface Secrets {
  readonly password?: string;
  readonly ca?: string;
}

async function open(url: string, { password, ca }: Secrets = {}): Promise<Link> {
  const endpoint = parseRedisUrl(url);
  if (endpoint === undefined) throw new Error(url);
  return Link.open({ endpoint, namespace: 'relaypass', password, ca });
}

/** Tells a login and reads it back by every command that a node uses. */
async function worksThrough(link: Link): Promise<void> {
  const login = { ...place.login('198.51.100.7'), at: Date.now(), expiresAt: Date.now() + 60_000 };
  const { verdicts } = await link.run(Date.now() + 1000, [
    loginNews(login, 'pop1', Date.now()),
    ['purge', '0', 'ubob'],
  ]);
  expect(verdicts).toEqual(['shared', 'shared']);
  const { ends } = await link.scan('0');
  expect([...ends.keys()]).toEqual(['198.51.100.7 alice']);
  expect(await link.values(['198.51.100.7 alice', 'nobody'])).toEqual([expect.stringContaining('"alice"'), undefined]);
  expect(await link.ends(['nobody'])).toEqual([undefined]);
  expect([...(await link.tombstones()).keys()]).toEqual(['ubob']);
  expect((await link.read('0-0')).map(({ seq }) => seq)).toEqual([1, 2]);
  expect(await link.size()).toBe(1);
  link.close();
}

/** A server that also listens with TLS, on `port`. */
async function startWithTls(): Promise<{ readonly redis: RedisServer; readonly port: string; readonly ca: string }> {
  const { key, cert } = certificate();
  const redis = await RedisServer.start();
  const port = String(await freePort());
  for (const [name, value] of [
    ['tls-cert-file', cert],
    ['tls-key-file', key],
    ['tls-ca-cert-file', cert],
    ['tls-auth-clients', 'no'],
    ['tls-port', port],
  ]) {
    expect(await redis.command('CONFIG', 'SET', name ?? '', value ?? '')).toBe('+OK\r\n');
  }
  return { redis, port, ca: readFileSync(cert, 'utf8') };
}

withRedis('a server with TLS and a user who may touch the namespace alone', async () => {
  const { redis, port, ca } = await startWithTls();
  const [, acl = ''] = /^ {4}(ACL SETUSER .*(?:\n {6}.*)*)/m.exec(readFileSync(PAGE, 'utf8')) ?? [];
  expect(await redis.command(...acl.replace('PASSWORD', 's3cret').split(/\s+/))).toBe('+OK\r\n');
  const url = `rediss://relaypass@127.0.0.1:${port}`;
  await worksThrough(await open(url, { password: 's3cret', ca }));
  await expect(open(url, { password: 'wrong', ca })).rejects.toThrow(/WRONGPASS/);
  await expect(open(url, { password: 's3cret' })).rejects.toThrow(LinkLost); // nobody vouches for it
});

withRedis('a daemon goes on where nobody vouches for the server', async () => {
  const { port } = await startWithTls();
  const host = new TestHost(`[cluster]\nurl = "rediss://127.0.0.1:${port}"\nnode = "pop1"\n`);
  const daemon = await host.startDaemon();
  await until(() => daemon.said('lost the cluster'), 'the reason to be told');
  expect(daemon.stderr).toMatch(/lost the cluster reason=.*certificate/);
  host.login('alice', '198.51.100.7');
  await host.untilPermitted('198.51.100.7');
  expect(daemon.stderr).not.toContain('bug');
});

withRedis('a Redis Cluster, where the hash tag keeps a namespace on one node', async () => {
  const redis = await RedisServer.start('--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1');
  await redis.command('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
  const deadline = Date.now() + 20_000;
  while (!(await redis.command('CLUSTER', 'INFO')).includes('cluster_state:ok') && Date.now() < deadline);
  await worksThrough(await open(`redis+cluster://127.0.0.1:${redis.port}`));
});

withRedis('whom the Sentinels name', async () => {
  const redis = await RedisServer.start();
  const conf = path.join(tempDir(), 'sentinel.conf');
  writeFileSync(conf, `sentinel monitor mymaster 127.0.0.1 ${redis.port} 1\n`);
  const sentinel = await RedisServer.startSentinel(conf);
  await worksThrough(await open(`redis+sentinel://127.0.0.1:${sentinel.port}/mymaster`));
  await expect(open(`redis+sentinel://127.0.0.1:${sentinel.port}/other`)).rejects.toThrow(LinkLost);
});

withRedis('a server that is frozen is no link after its second, not after two more', async () => {
  const redis = await RedisServer.start();
  redis.signal('SIGSTOP');
  const opened = open(redis.url).catch((error: unknown) => String(error));
  expect(await Promise.race([opened, setTimeout(2500, 'still waits')])).toContain('Command timed out');
});

withRedis('says at once, and in the words of the server or the system, why there is no link', async () => {
  const redis = await RedisServer.start();
  await redis.stop('SIGKILL');
  await expect(open(redis.url)).rejects.toThrow(LinkLost);
  await expect(open('unix:/nonexistent/redis.sock')).rejects.toThrow(/ENOENT/);
});
