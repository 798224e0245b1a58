/**
 * Three nodes as processes, two of them with clocks an hour off, and all that can happen to the server between them.
 * Whatever it is: a login counts at once where it was seen, no address outlives its grace, no event loop stands still
 * for a second, and ten seconds after the end of it all nodes agree.
 */
import { setTimeout } from 'node:timers/promises';
import { expect } from '@jest/globals';
import { agreed, Node } from './cluster/node.ts';
import { Proxy } from './cluster/proxy.ts';
import { RedisServer, withRedis } from './cluster/redis-server.ts';

const HOUR_MS = 3_600_000;

interface Scene {
  readonly redis: RedisServer;
  readonly nodes: readonly [Node, Node, Node];
  readonly proxies: readonly [Proxy, Proxy, Proxy];
}

/** Three nodes that agree on alice, whom the first has seen. */
async function scene(redis: RedisServer): Promise<Scene> {
  const proxies = [
    await Proxy.start(redis.port),
    await Proxy.start(redis.port),
    await Proxy.start(redis.port),
  ] as const;
  const nodes = [
    await Node.start('pop1', proxies[0].url),
    await Node.start('pop2', proxies[1].url, { skewMs: HOUR_MS }),
    await Node.start('mx1', proxies[2].url, { skewMs: -HOUR_MS }),
  ] as const;
  await nodes[0].login('alice', '198.51.100.7', 60_000);
  await agreed(nodes, ['198.51.100.7']);
  return { redis, nodes, proxies };
}

/** While the fault lasts, every node's own logins count there at once; returns those addresses. */
async function localLoginsCount(nodes: readonly Node[]): Promise<string[]> {
  const addresses: string[] = [];
  for (const [index, node] of nodes.entries()) {
    const address = `203.0.113.${index + 1}`;
    await node.login(`user${index}`, address, 1000);
    expect(await node.permitted()).toContain(address);
    addresses.push(address);
  }
  return addresses;
}

function nothingStoodStill(nodes: readonly Node[]): void {
  for (const node of nodes) expect(node.worstBlockMs).toBeLessThan(1000);
}

interface Fault {
  /** Who cannot but notice, and is without a link while it lasts; the others go on agreeing. */
  readonly cutsOff: 'all' | 'the second' | 'nobody';
  readonly begin: (scene: Scene) => Promise<unknown> | void;
  readonly end: (scene: Scene) => Promise<unknown> | void;
}

const FAULTS: Readonly<Record<string, Fault>> = {
  'the server dies and comes back empty': {
    cutsOff: 'all',
    begin: ({ redis }) => redis.stop('SIGKILL'),
    end: ({ redis }) => redis.start(),
  },
  'the server is frozen': {
    cutsOff: 'all',
    begin: ({ redis }) => redis.signal('SIGSTOP'),
    end: ({ redis }) => redis.signal('SIGCONT'),
  },
  'the network is slow': {
    cutsOff: 'nobody',
    begin: ({ proxies }) => proxies.forEach((proxy) => (proxy.delayMs = () => 150)),
    end: ({ proxies }) => proxies.forEach((proxy) => (proxy.delayMs = () => 0)),
  },
  'the network is so slow that no command is in time': {
    cutsOff: 'all',
    begin: ({ proxies }) => proxies.forEach((proxy) => (proxy.delayMs = () => 900)),
    end: ({ proxies }) => proxies.forEach((proxy) => (proxy.delayMs = () => 0)),
  },
  'the server is emptied': {
    cutsOff: 'nobody',
    begin: ({ redis }) => redis.command('FLUSHALL'),
    end: () => undefined,
  },
  'the script cache is emptied': {
    cutsOff: 'nobody',
    begin: ({ redis }) => redis.command('SCRIPT', 'FLUSH'),
    end: () => undefined,
  },
  'the server is out of memory': {
    cutsOff: 'all',
    begin: ({ redis }) => redis.command('CONFIG', 'SET', 'maxmemory', '1'),
    end: ({ redis }) => redis.command('CONFIG', 'SET', 'maxmemory', '0'),
  },
  'one node is cut off': {
    cutsOff: 'the second',
    begin: ({ proxies }) => proxies[1].cut(),
    end: ({ proxies }) => proxies[1].heal(),
  },
  'all nodes are cut off from each other': {
    cutsOff: 'all',
    begin: ({ proxies }) => proxies.forEach((proxy) => proxy.cut()),
    end: ({ proxies }) => proxies.forEach((proxy) => proxy.heal()),
  },
  'a node is killed with -9': {
    cutsOff: 'nobody',
    begin: ({ nodes }) => nodes[1].restart(),
    end: () => undefined,
  },
  'the stream alone is lost': {
    cutsOff: 'nobody',
    begin: ({ redis }) => redis.command('DEL', '{relaypass}:stream'),
    end: () => undefined,
  },
};

function cutOffBy({ cutsOff }: Fault, nodes: Scene['nodes']): readonly Node[] {
  if (cutsOff === 'all') return nodes;
  return cutsOff === 'the second' ? [nodes[1]] : [];
}

withRedis.each(Object.keys(FAULTS))(
  'all nodes agree again after this: %s',
  async (name) => {
    const fault = FAULTS[name];
    if (fault === undefined) throw new Error(name);
    const stage = await scene(await RedisServer.start());
    await fault.begin(stage);
    const added = await localLoginsCount(stage.nodes);
    for (const node of cutOffBy(fault, stage.nodes)) await untilLink('down', node);
    if (fault.cutsOff === 'nobody') await agreed(stage.nodes, ['198.51.100.7', ...added]);
    await fault.end(stage);
    await agreed(stage.nodes, ['198.51.100.7', ...added]);
    nothingStoodStill(stage.nodes);
  },
  120_000,
);

withRedis('answers that come later than the news are no sign of a loss', async () => {
  const redis = await RedisServer.start();
  const proxy = await Proxy.start(redis.port);
  proxy.delayMs = (nth) => (nth === 1 ? 300 : 0); // of a link's two connections, the one for commands
  const [pop, mx] = [await Node.start('pop1', redis.url), await Node.start('mx1', proxy.url)];
  await agreed([pop, mx], []);
  const since = await untilLink('up', mx);
  for (let n = 0; n < 100; n++) {
    await pop.login('alice', '198.51.100.7');
    await setTimeout(20); // two of mx's beats, at least
  }
  await agreed([pop, mx], ['198.51.100.7']);
  expect(await untilLink('up', mx)).toBe(since);
});

/** Waits until the node's link is so, and tells since when it is. */
async function untilLink(wanted: 'up' | 'down', node: Node): Promise<number> {
  const deadline = performance.now() + 20_000;
  for (;;) {
    const { link, since } = (await node.size()).status;
    if (link === wanted) return since;
    if (performance.now() > deadline) throw new Error(`the link is never ${wanted}`);
    await setTimeout(20);
  }
}
