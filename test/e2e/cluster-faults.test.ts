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
const FAULT_MS = 2500; // long enough that every node has noticed

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
  readonly options?: readonly string[];
  readonly begin: (scene: Scene) => Promise<unknown> | void;
  readonly end: (scene: Scene) => Promise<unknown> | void;
}

const FAULTS: Readonly<Record<string, Fault>> = {
  'the server dies and comes back empty': {
    begin: ({ redis }) => redis.stop('SIGKILL'),
    end: ({ redis }) => redis.start(),
  },
  'the server is frozen': {
    begin: ({ redis }) => redis.signal('SIGSTOP'),
    end: ({ redis }) => redis.signal('SIGCONT'),
  },
  'the network is slow': {
    begin: ({ proxies }) => proxies.forEach((proxy) => (proxy.delayMs = () => 150)),
    end: ({ proxies }) => proxies.forEach((proxy) => (proxy.delayMs = () => 0)),
  },
  'the network is so slow that no command is in time': {
    begin: ({ proxies }) => proxies.forEach((proxy) => (proxy.delayMs = () => 900)),
    end: ({ proxies }) => proxies.forEach((proxy) => (proxy.delayMs = () => 0)),
  },
  'the server is emptied': {
    begin: ({ redis }) => redis.command('FLUSHALL'),
    end: () => undefined,
  },
  'the script cache is emptied': {
    begin: ({ redis }) => redis.command('SCRIPT', 'FLUSH'),
    end: () => undefined,
  },
  'the server is out of memory': {
    begin: ({ redis }) => redis.command('CONFIG', 'SET', 'maxmemory', '1'),
    end: ({ redis }) => redis.command('CONFIG', 'SET', 'maxmemory', '0'),
  },
  'one node is cut off': {
    begin: ({ proxies }) => proxies[1].cut(),
    end: ({ proxies }) => proxies[1].heal(),
  },
  'all nodes are cut off from each other': {
    begin: ({ proxies }) => proxies.forEach((proxy) => proxy.cut()),
    end: ({ proxies }) => proxies.forEach((proxy) => proxy.heal()),
  },
  'a node is killed with -9': {
    begin: ({ nodes }) => nodes[1].restart(),
    end: () => undefined,
  },
  'the stream alone is lost': {
    begin: ({ redis }) => redis.command('DEL', '{relaypass}:stream'),
    end: () => undefined,
  },
};

withRedis.each(Object.keys(FAULTS))(
  'all nodes agree again after this: %s',
  async (name) => {
    const fault = FAULTS[name];
    if (fault === undefined) throw new Error(name);
    const stage = await scene(await RedisServer.start(...(fault.options ?? [])));
    await fault.begin(stage);
    await setTimeout(FAULT_MS);
    const added = await localLoginsCount(stage.nodes);
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
  const since = await sinceUp(mx);
  for (let n = 0; n < 100; n++) {
    await pop.login('alice', '198.51.100.7');
    await setTimeout(20); // two of mx's beats, at least
  }
  await agreed([pop, mx], ['198.51.100.7']);
  expect(await sinceUp(mx)).toBe(since);
});

/** Since when the node has had its link, once it has one. */
async function sinceUp(node: Node): Promise<number> {
  for (;;) {
    const { link, since } = (await node.size()).status;
    if (link === 'up') return since;
    await setTimeout(20);
  }
}
