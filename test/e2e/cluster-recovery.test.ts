/** What must not come back: purges against outages, old dumps and replicas that had not heard the last. */
import { copyFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect } from '@jest/globals';
import { agreed, Node } from './cluster/node.ts';
import { Proxy } from './cluster/proxy.ts';
import { RedisServer, withRedis } from './cluster/redis-server.ts';

const HOUR_MS = 3_600_000;

async function twoNodes(redis: RedisServer): Promise<{ nodes: [Node, Node]; proxies: [Proxy, Proxy] }> {
  const proxies: [Proxy, Proxy] = [await Proxy.start(redis.port), await Proxy.start(redis.port)];
  const nodes: [Node, Node] = [await Node.start('pop1', proxies[0].url), await Node.start('mx1', proxies[1].url)];
  await nodes[0].login('alice', '198.51.100.7', 60_000);
  await nodes[0].login('bob', '198.51.100.8', 60_000);
  await agreed(nodes, ['198.51.100.7', '198.51.100.8']);
  return { nodes, proxies };
}

withRedis('a purge beats the logins of a node that was cut off, also those that it tells afterwards', async () => {
  const { nodes, proxies } = await twoNodes(await RedisServer.start());
  proxies[0].cut();
  await nodes[0].login('bob', '198.51.100.9', 1000);
  await nodes[1].purge('bob');
  await nodes[0].login('carol', '198.51.100.10');
  proxies[0].heal();
  await agreed(nodes, ['198.51.100.10', '198.51.100.7']);
});

withRedis('a purge by a node that is cut off holds there at once, and at all when the link is back', async () => {
  const { nodes, proxies } = await twoNodes(await RedisServer.start());
  proxies[0].cut();
  await nodes[0].purge('bob');
  expect(await nodes[0].permitted()).toEqual(['198.51.100.7']);
  await nodes[0].restart(); // it is not kept in memory alone
  proxies[0].heal();
  await agreed(nodes, ['198.51.100.7']);
});

withRedis('who logs in again after the purge, while cut off, is in at all when the link is back', async () => {
  const { nodes, proxies } = await twoNodes(await RedisServer.start());
  await nodes[1].purge('bob');
  await agreed(nodes, ['198.51.100.7']);
  proxies[0].cut();
  await setTimeout(10);
  await nodes[0].login('bob', '198.51.100.8');
  proxies[0].heal();
  await agreed(nodes, ['198.51.100.7', '198.51.100.8']);
});

withRedis('an old dump brings back nobody who was purged, and loses nobody who came after it', async () => {
  const redis = await RedisServer.start();
  const { nodes } = await twoNodes(redis);
  await redis.command('SAVE');
  await nodes[1].purge('bob');
  await nodes[0].login('carol', '198.51.100.9');
  await agreed(nodes, ['198.51.100.7', '198.51.100.9']);
  await redis.stop('SIGKILL');
  await redis.start();
  expect(await redis.command('ZCARD', '{relaypass}:expiries')).not.toBe(':0\r\n'); // it is the dump
  await agreed(nodes, ['198.51.100.7', '198.51.100.9']);
  const later = await Node.start('mx2', redis.url);
  await agreed([...nodes, later], ['198.51.100.7', '198.51.100.9']);
});

withRedis('a replica that has not heard the last takes over without bringing anybody back', async () => {
  const primary = await RedisServer.start();
  const { nodes, proxies } = await twoNodes(primary);
  await primary.command('SAVE'); // what the replica has heard
  const replica = await RedisServer.start();
  await replica.stop('SIGKILL');
  copyFileSync(path.join(primary.dir, 'dump.rdb'), path.join(replica.dir, 'dump.rdb'));
  await nodes[1].purge('bob');
  await nodes[0].login('carol', '198.51.100.9');
  await agreed(nodes, ['198.51.100.7', '198.51.100.9']);
  await primary.stop('SIGKILL');
  await replica.start();
  for (const proxy of proxies) proxy.lead(replica.port);
  await nodes[1].login('dave', '198.51.100.10');
  await agreed(nodes, ['198.51.100.10', '198.51.100.7', '198.51.100.9']);
});

withRedis('a server that has become a read-only replica is no link', async () => {
  const redis = await RedisServer.start();
  const { nodes } = await twoNodes(redis);
  const other = await RedisServer.start();
  await redis.command('REPLICAOF', '127.0.0.1', String(other.port));
  await nodes[0].login('carol', '198.51.100.9');
  expect(await nodes[0].permitted()).toContain('198.51.100.9');
  await redis.command('REPLICAOF', 'NO', 'ONE');
  await agreed(nodes, ['198.51.100.7', '198.51.100.8', '198.51.100.9']);
});

withRedis('what a frozen server takes late is as old as it is', async () => {
  const redis = await RedisServer.start();
  const { nodes } = await twoNodes(redis);
  redis.signal('SIGSTOP');
  await nodes[0].login('carol', '198.51.100.9'); // goes into the frozen server's socket
  await setTimeout(3000);
  redis.signal('SIGCONT');
  await agreed(nodes, ['198.51.100.7', '198.51.100.8', '198.51.100.9']); // looks at how long each permits, too
});

withRedis('with max_stale, what others saw ends soon without the link, and comes back with it', async () => {
  const redis = await RedisServer.start();
  const proxy = await Proxy.start(redis.port);
  const [pop, mx] = [await Node.start('pop1', redis.url), await Node.start('mx1', proxy.url, { maxStaleMs: 1000 })];
  await pop.login('alice', '198.51.100.7');
  await mx.login('bob', '198.51.100.8');
  await agreed([pop, mx], ['198.51.100.7', '198.51.100.8']);
  proxy.cut();
  await agreed([mx], ['198.51.100.8']); // its own goes on
  proxy.heal();
  await agreed([pop, mx], ['198.51.100.7', '198.51.100.8']);
});

withRedis('entries end at every node at their time, with nobody left to say so', async () => {
  const redis = await RedisServer.start();
  const options = { graceMs: 4000 };
  const nodes = [await Node.start('pop1', redis.url, options), await Node.start('mx1', redis.url, options)];
  await nodes[0]?.login('alice', '198.51.100.7');
  await agreed(nodes, ['198.51.100.7']);
  await redis.stop('SIGKILL');
  await agreed(nodes, []);
});

withRedis('a session that stays open keeps its address permitted at all nodes, until a purge', async () => {
  const redis = await RedisServer.start();
  const [pop, mx] = [
    await Node.start('pop1', redis.url, { graceMs: 6000, maxSessionMs: 12 * HOUR_MS }),
    await Node.start('mx1', redis.url, { graceMs: 6000 }),
  ];
  await pop.logins([{ address: '198.51.100.7', user: 'alice', agoMs: 0, session: 's1' }]);
  await agreed([pop, mx], ['198.51.100.7']);
  await agreed([mx], []); // the grace of the login is over
  await pop.restart(); // it compares everything, as it does each minute
  await agreed([pop, mx], ['198.51.100.7']);
  await mx.purge('alice');
  await agreed([pop, mx], []);
});

withRedis('an open session that is told again while it is purged elsewhere does not come back', async () => {
  const redis = await RedisServer.start();
  const proxy = await Proxy.start(redis.port);
  const [pop, mx] = [
    await Node.start('pop1', proxy.url, { maxSessionMs: 12 * HOUR_MS }),
    await Node.start('mx1', redis.url),
  ];
  const users = Array.from({ length: 20 }, (_, n) => ({ user: `user${n}`, address: `198.51.100.${n + 10}` }));
  await pop.logins(users.map((each) => ({ ...each, agoMs: 1_200_000, session: each.user })));
  await agreed(
    [pop, mx],
    users.map(({ address }) => address),
  );
  proxy.delayMs = () => 100; // the comparison takes a second, so purges fall into each of its steps
  await redis.command('FLUSHALL'); // all is told again
  for (const { user } of users) {
    await mx.purge(user);
    await setTimeout(250);
  }
  proxy.delayMs = () => 0;
  await agreed([pop, mx], []);
  await pop.restart(); // compares once more
  await pop.login('carol', '198.51.100.9');
  await agreed([pop, mx], ['198.51.100.9']);
});

withRedis('what is not a login, or lies ahead of the clock, permits nobody', async () => {
  const redis = await RedisServer.start();
  const { nodes } = await twoNodes(redis);
  const now = Date.now();
  const record = JSON.stringify(['evil', 'eve', 'imap', 0, 'log', 'file:/x', 'dovecot', 'x']);
  const put = async (member: string, value: string): Promise<void> => {
    await redis.command('ZADD', '{relaypass}:expiries', `${now + 60_000}`, member);
    await redis.command('HSET', '{relaypass}:records', member, value);
  };
  await put('203.0.113.66 eve', 'what is this');
  await put('203.0.113.67 eve', `${now + 30_000} ${now + 60_000} ${record}`);
  await put('203.0.113.68 mallory', `${now} ${now + 60_000} ${record}`);
  await put('127.0.0.1 eve', `${now} ${now + 60_000} ${record}`);
  await put('0.0.0.0/0 eve', `${now} ${now + 60_000} ${record}`);
  await nodes[1].restart(); // reads everything anew
  await nodes[0].login('carol', '198.51.100.9');
  await agreed(nodes, ['198.51.100.7', '198.51.100.8', '198.51.100.9']);
});
