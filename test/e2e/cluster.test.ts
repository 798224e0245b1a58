import path from 'node:path';
import { expect } from '@jest/globals';
import { exchange } from '../server/serving.ts';
import { TestHost, until } from '../relaypass-process.ts';
import { RedisServer, withRedis } from './cluster/redis-server.ts';

function nodes(redis: RedisServer, ...names: string[]): TestHost[] {
  return names.map((name) => new TestHost(`[cluster]\nurl = "${redis.url}"\nnode = "${name}"\n`));
}

withRedis('permits at every node what one of them saw, and says where that was', async () => {
  const redis = await RedisServer.start();
  const hosts = nodes(redis, 'pop1', 'mx1', 'mx2');
  for (const host of hosts) await (await host.startDaemon()).joined();
  hosts[0]?.login('alice', '198.51.100.7');
  for (const host of hosts) await host.untilPermitted('198.51.100.7');
  expect(hosts[1]?.run('list').stdout).toMatch(/198\.51\.100\.7 +alice +imap .*pop1: .*mail\.log/);
});

withRedis('status tells of the link, and when it is lost', async () => {
  const redis = await RedisServer.start();
  const [host] = nodes(redis, 'pop1');
  if (host === undefined) throw new Error('a host');
  const socket = path.join(host.dir, 'metrics');
  host.configure(`[cluster]\nurl = "${redis.url}"\nnode = "pop1"\n[metrics]\nlisten = "unix:${socket}"\n`);
  await (await host.startDaemon()).joined();
  const metrics = () => exchange({ kind: 'unix', path: socket }, 'GET /metrics HTTP/1.0\r\n\r\n');
  host.login('alice', '198.51.100.7');
  await host.untilPermitted('198.51.100.7');
  const clusterLine = () => /^Cluster .*$/m.exec(host.run('status').stdout)?.[0] ?? '';
  await until(() => clusterLine().includes(' up '), 'the link to be told');
  expect(clusterLine()).toMatch(
    /^Cluster {4}pop1: up for \d+s, 0 messages unread, 0 logins unsent, last message \d+ ms/,
  );
  expect(host.run('status').status).toBe(0);
  expect(await metrics()).toContain('\nrelaypass_cluster_link_up 1\n');
  await redis.stop('SIGKILL');
  await until(() => clusterLine().includes(' down '), 'the loss to be told');
  expect(host.run('status').status).toBe(75);
  expect(await metrics()).toContain('\nrelaypass_cluster_link_up 0\n');
});

withRedis('a purge anywhere beats logins everywhere, and a new login counts again', async () => {
  const redis = await RedisServer.start();
  const hosts = nodes(redis, 'pop1', 'mx1');
  const [pop, mx] = hosts;
  for (const host of hosts) await (await host.startDaemon()).joined();
  pop?.login('alice', '198.51.100.7');
  pop?.login('bob', '198.51.100.8');
  for (const host of hosts) await host.untilPermitted('198.51.100.7', '198.51.100.8');
  const purge = mx?.run('purge', '--user', 'bob');
  expect(purge?.stdout).toContain('told the other nodes');
  for (const host of hosts) await host.untilPermitted('198.51.100.7');
  pop?.login('bob', '198.51.100.9', 60_000); // a line that was held up
  pop?.login('bob', '198.51.100.10');
  for (const host of hosts) await host.untilPermitted('198.51.100.10', '198.51.100.7');
});

withRedis('a grant at one node lets the address in at all', async () => {
  const redis = await RedisServer.start();
  const hosts = nodes(redis, 'pop1', 'mx1');
  for (const host of hosts) await (await host.startDaemon()).joined();
  const grant = hosts[0]?.run('grant', '192.0.2.40', '--for', '2h');
  expect(grant?.stderr).toBe('');
  expect(grant?.stdout).toContain('told the other nodes');
  for (const host of hosts) await host.untilPermitted('192.0.2.40');
  expect(hosts[1]?.run('show', '192.0.2.40').stdout).toContain('on pop1, granted by');
});

withRedis('starts, grants and restarts without Redis, and tells the others when it is there', async () => {
  const redis = await RedisServer.start();
  await redis.stop('SIGKILL');
  const [pop, mx] = nodes(redis, 'pop1', 'mx1');
  if (pop === undefined || mx === undefined) throw new Error('two hosts');
  const first = await pop.startDaemon();
  const other = await mx.startDaemon();
  pop.login('alice', '198.51.100.7');
  await pop.untilPermitted('198.51.100.7');
  await first.end('SIGKILL');
  const second = await pop.startDaemon();
  await pop.untilPermitted('198.51.100.7');
  await redis.start();
  await second.joined();
  await other.joined();
  await mx.untilPermitted('198.51.100.7');
});
