/**
 * A replica takes over while three nodes are at work, two of them with clocks an hour off: by Sentinels, and in a Redis
 * Cluster. Within ten seconds of its promotion all nodes agree; what the old master alone had heard comes back, a purge
 * stays one, and no address outlives its grace.
 */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect } from '@jest/globals';
import { keysOf } from '../../src/cluster/script.ts';
import { tempDir } from '../temp-dir.ts';
import { agreed, Node } from './cluster/node.ts';
import { RedisServer, withRedis } from './cluster/redis-server.ts';

const HOUR_MS = 3_600_000;
const WAIT_MS = 60_000; // Redis Cluster spreads its news in the background

type Servers = readonly [master: RedisServer, replica: RedisServer];

withRedis(
  'the Sentinels promote a replica when its master is killed with -9, and the old one comes back as a replica',
  async () => {
    const [master, replica, url] = await underSentinels();
    const nodes = await threeNodes(url);
    await takeOver([master, replica], nodes);
    await master.start();
    await until('the old master to follow', async () => (await master.command('ROLE')).includes('slave'));
    await nodes[2].login('erin', '198.51.100.12');
    await agreed(nodes, ['198.51.100.10', '198.51.100.11', '198.51.100.12', '198.51.100.7', '198.51.100.9']);
  },
  180_000,
);

withRedis(
  'a Redis Cluster promotes a replica when the master of the namespace is killed with -9',
  async () => {
    const [master, replica, url] = await inRedisCluster();
    await takeOver([master, replica], await threeNodes(url));
  },
  180_000,
);

async function threeNodes(url: string): Promise<readonly [Node, Node, Node]> {
  return [
    await Node.start('pop1', url),
    await Node.start('pop2', url, { skewMs: HOUR_MS }),
    await Node.start('mx1', url, { skewMs: -HOUR_MS }),
  ];
}

async function takeOver([master, replica]: Servers, nodes: readonly [Node, Node, Node]): Promise<void> {
  const [pop1, pop2, mx1] = nodes;
  await pop1.login('alice', '198.51.100.7', 60_000);
  await pop2.login('bob', '198.51.100.8', 60_000);
  await agreed(nodes, ['198.51.100.7', '198.51.100.8']);
  const isUpToDate = async () => /offset=(\d+),[^]*master_repl_offset:\1\r/.test(await master.command('INFO'));
  await until('the replica to know', isUpToDate);
  replica.signal('SIGSTOP'); // it does not hear the last
  await mx1.purge('bob');
  await pop1.login('carol', '198.51.100.9');
  await agreed(nodes, ['198.51.100.7', '198.51.100.9']);
  await master.stop('SIGKILL');
  replica.signal('SIGCONT');
  await pop1.login('dave', '198.51.100.10', 1000);
  await pop2.login('dave', '198.51.100.11', 1000);
  expect(await pop1.permitted()).toContain('198.51.100.10'); // at once, link or not
  expect(await pop2.permitted()).toContain('198.51.100.11');
  await until('the promotion', async () => (await replica.command('ROLE')).includes('master'));
  await agreed(nodes, ['198.51.100.10', '198.51.100.11', '198.51.100.7', '198.51.100.9']);
  expect(await replica.command('ZCARD', KEYS.expiries)).toBe(':4\r\n'); // they agree through it
  for (const node of nodes) expect(node.worstBlockMs).toBeLessThan(1000);
}

const KEYS = keysOf('relaypass');

/** A master and its replica, watched by three Sentinels. */
async function underSentinels(): Promise<[...Servers, url: string]> {
  const master = await RedisServer.start();
  const replica = await RedisServer.start('--replicaof', '127.0.0.1', String(master.port));
  const sentinels = [await sentinelOf(master), await sentinelOf(master), await sentinelOf(master)];
  for (const sentinel of sentinels) {
    const known = async () => (await sentinel.command('SENTINEL', 'MASTER', 'mymaster')).replaceAll('\r\n', ' ');
    await until('the Sentinels to know each other and the replica', async () =>
      /num-slaves \$1 1 .*num-other-sentinels \$1 2 /.test(await known()),
    );
  }
  const hosts = sentinels.map(({ port }) => `127.0.0.1:${port}`);
  return [master, replica, `redis+sentinel://${hosts.join()}/mymaster`];
}

function sentinelOf(master: RedisServer): Promise<RedisServer> {
  const file = path.join(tempDir(), 'sentinel.conf');
  const options = [
    `monitor mymaster 127.0.0.1 ${master.port} 2`,
    'down-after-milliseconds mymaster 1000',
    'failover-timeout mymaster 10000',
  ];
  writeFileSync(file, `bind 127.0.0.1\n${options.map((option) => `sentinel ${option}\n`).join('')}`);
  return RedisServer.startSentinel(file);
}

/** Three masters with a third of the slots each, and a replica of the one that has the namespace. */
async function inRedisCluster(): Promise<[...Servers, url: string]> {
  const options = ['--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1', '--cluster-node-timeout', '1500'];
  const servers: RedisServer[] = [];
  for (let n = 0; n < 4; n++) servers.push(await RedisServer.start(...options));
  const [first, second, third, replica] = servers;
  if (first === undefined || second === undefined || third === undefined || replica === undefined) throw new Error('4');
  await first.command('CLUSTER', 'ADDSLOTSRANGE', '0', '5460');
  await second.command('CLUSTER', 'ADDSLOTSRANGE', '5461', '10922');
  await third.command('CLUSTER', 'ADDSLOTSRANGE', '10923', '16383');
  for (const [n, server] of servers.entries()) {
    await server.command('CLUSTER', 'SET-CONFIG-EPOCH', String(n + 1));
    if (n > 0) await server.command('CLUSTER', 'MEET', '127.0.0.1', String(first.port));
  }
  const slot = Number((await first.command('CLUSTER', 'KEYSLOT', KEYS.stream)).slice(1));
  const master = slot < 5461 ? first : slot < 10_923 ? second : third;
  const [, id = ''] = /\r\n(\w{40})/.exec(await master.command('CLUSTER', 'MYID')) ?? [];
  const follows = async () => (await replica.command('CLUSTER', 'REPLICATE', id)) === '+OK\r\n';
  await until('the replica to know its master', follows);
  for (const server of servers) {
    const state = async () => await server.command('CLUSTER', 'INFO');
    await until('the cluster to form', async () => /cluster_state:ok[^]*known_nodes:4/.test(await state()));
  }
  await until('the replica to follow', async () => (await replica.command('ROLE')).includes('connected'));
  return [master, replica, `redis+cluster://${servers.map(({ port }) => `127.0.0.1:${port}`).join()}`];
}

async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + WAIT_MS;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await setTimeout(50);
  }
}
