/** What a node tells of its link, as status, check and the metrics show it. */
import { setTimeout } from 'node:timers/promises';
import { expect } from '@jest/globals';
import type { ClusterStatus } from '../../src/cluster/cluster.ts';
import { agreed, Node } from '../e2e/cluster/node.ts';
import { Proxy } from '../e2e/cluster/proxy.ts';
import { RedisServer, withRedis } from '../e2e/cluster/redis-server.ts';

const HOUR_MS = 3_600_000;

async function untilStatus(node: Node, isWanted: (status: ClusterStatus) => boolean): Promise<ClusterStatus> {
  const deadline = performance.now() + 20_000;
  for (;;) {
    const { status } = await node.size();
    if (isWanted(status)) return status;
    if (performance.now() > deadline) throw new Error(`waited in vain: ${JSON.stringify(status)}`);
    await setTimeout(20);
  }
}

/** By how many minutes the clocks differ. */
const minutes = ({ clockDifferenceMs = NaN }: ClusterStatus): number => Math.round(clockDifferenceMs / 60_000);
const isUp = ({ link }: ClusterStatus): boolean => link === 'up';

withRedis('the difference of the clocks is what the server has and this host has not', async () => {
  const redis = await RedisServer.start();
  const [fast, slow] = [
    await Node.start('fast', redis.url, { skewMs: HOUR_MS }),
    await Node.start('slow', redis.url, { skewMs: -HOUR_MS }),
  ];
  expect(minutes(await untilStatus(fast, isUp))).toBe(-60);
  expect(minutes(await untilStatus(slow, isUp))).toBe(60);
});

withRedis('the lag is how long the last message was on its way', async () => {
  const redis = await RedisServer.start();
  const proxy = await Proxy.start(redis.port);
  const [pop, mx] = [await Node.start('pop1', redis.url), await Node.start('mx1', proxy.url)];
  await untilStatus(mx, isUp);
  await untilStatus(pop, isUp);
  expect((await mx.size()).status).toMatchObject({ lagMs: 0, unread: 0, unsent: 0 });
  proxy.delayMs = () => 200;
  await pop.login('alice', '198.51.100.7');
  await agreed([pop, mx], ['198.51.100.7']);
  expect((await mx.size()).status.lagMs).toBeGreaterThanOrEqual(200);
});

withRedis('a link that is lost is told with its reason, and since when; a new one begins anew', async () => {
  const redis = await RedisServer.start();
  const node = await Node.start('pop1', redis.url);
  const up = await untilStatus(node, isUp);
  redis.signal('SIGSTOP');
  const down = await untilStatus(node, ({ link }) => link === 'down');
  expect(down).toMatchObject({ node: 'pop1', reason: 'Command timed out' });
  expect(down.since).toBeGreaterThan(up.since);
  expect(down.lagMs).toBeUndefined();
  await redis.stop('SIGKILL');
  const refused = await untilStatus(node, ({ reason = '' }) => reason.includes('ECONNREFUSED'));
  expect(refused.since).toBe(down.since); // it is one outage
  await redis.start();
  const again = await untilStatus(node, isUp);
  expect(again.since).toBeGreaterThan(down.since);
  expect(again.reason).toBeUndefined();
});
