/**
 * What a cluster costs, with a real redis-server and real nodes, one process each.    npm run bench:cluster
 *
 * Options, as NAME=VALUE after `--`: parts=latency,nodes,soak entries=100000 rate=2000 minutes=5 nodes=1,3,10
 * in=/dev/shm (where the stores of `nodes` and `soak` are; that leaves the disk out).
 */
import { tmpdir } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import type { Arrivals, Question, Size } from '../e2e/cluster/node-process.ts';
import { BenchCluster, type BenchNode } from './cluster-nodes.ts';
import { addressOf } from './mail-log.ts';
import { percentile } from './measure.ts';
import { Share } from './processors.ts';
import { putOnPage } from './report.ts';

const options = new Map(process.argv.slice(2).map((each) => each.split('=') as [string, string]));
const PARTS = (options.get('parts') ?? 'latency,nodes,soak').split(',');
const ENTRIES = Number(options.get('entries') ?? 100_000);
const RATE = Number(options.get('rate') ?? 2000);
const MINUTES = Number(options.get('minutes') ?? 5);
const NODES = (options.get('nodes') ?? '1,3,10').split(',').map(Number);
const MEMORY = options.get('in') ?? '/dev/shm';

const LOGINS = 1000; // of which the slowest ten are past p99
const PACE_MS = 10;
const NODES_RATE = 500; // what ten nodes on two cores can take
const NODES_ENTRIES = 2000;
const NODES_S = 20;
const TICKS = 10; // batches of logins in a second
const ROWS = 10; // of the soak's table
const LOAD_HEAD =
  'logins/s | CPU of a login: at each node | at Redis | the processors: these processes | others | worst lag | longest stop of a loop';
const NONE: Arrivals = { seen: {}, taken: {} };

if (PARTS.includes('latency')) await measureLatency();
if (PARTS.includes('nodes')) await measureNodes();
if (PARTS.includes('soak')) await soak();

async function measureLatency(): Promise<void> {
  const rows = [
    '| stores on | nodes | p50 | p99 | longest | the processors: these processes | others |',
    '|---|---|---|---|---|---|---|',
  ];
  for (const [name, parent] of [
    ['disk', tmpdir()],
    ['memory', MEMORY],
  ] as const) {
    for (const count of NODES.filter((each) => each > 1)) {
      const { times, shares } = await latencies(parent, count);
      const ms = [50, 99, 100].map((share) => `${percentile(times, share).toFixed(1)} ms`);
      rows.push(`| ${name} | ${count} | ${ms.join(' | ')} | ${shares} |`);
    }
  }
  tell('latency', rows);
}

interface Latencies {
  readonly times: readonly number[];
  /** Of the processors meanwhile. */
  readonly shares: string;
}

/** From a login at the first of `count` nodes to each other's store, one login after the other. */
async function latencies(parent: string, count: number): Promise<Latencies> {
  const cluster = await BenchCluster.start(parent);
  try {
    const nodes = await cluster.nodes(count, 'latency', { notesArrivals: true });
    for (const node of nodes) await untilUp(node);
    const share = new Share(() => cluster.cpuMs());
    for (let n = 0; n < LOGINS; n++) {
      await nodes[0]?.ask(logins(n, 1));
      await setTimeout(PACE_MS);
    }
    const shares = share.cells();
    const [first, ...others] = nodes;
    for (const node of nodes) await untilHolds(node, LOGINS);
    const { seen } = (await first?.ask<Arrivals>({ ask: 'arrivals' })) ?? NONE;
    const taken = await Promise.all(others.map((node) => node.ask<Arrivals>({ ask: 'arrivals' })));
    const all = Object.entries(seen);
    return { times: taken.flatMap((each) => all.map(([address, at]) => (each.taken[address] ?? NaN) - at)), shares };
  } finally {
    cluster.end();
  }
}

async function measureNodes(): Promise<void> {
  const rows = [`| nodes | ${LOAD_HEAD} |`, '|---|---|---|---|---|---|---|---|'];
  for (const count of NODES) {
    const cluster = await BenchCluster.start(MEMORY);
    try {
      const nodes = await cluster.nodes(count, 'nodes');
      await fill(nodes, NODES_ENTRIES);
      const load = await run({ cluster, nodes, rate: NODES_RATE, entries: NODES_ENTRIES, seconds: NODES_S });
      rows.push(`| ${count} | ${rowOf(load)} |`);
    } finally {
      cluster.end();
    }
  }
  tell('nodes', rows);
}

/** Three nodes for minutes: what they cost, and whether their memory grows. */
async function soak(): Promise<void> {
  const cluster = await BenchCluster.start(MEMORY);
  try {
    const nodes = await cluster.nodes(3, 'soak');
    await fill(nodes, ENTRIES);
    const rows = ['| after | node 1 | node 2 | node 3 | Redis |', '|---|---|---|---|---|', memoryRow(0)];
    const costs = [`| ${LOAD_HEAD} |`, '|---|---|---|---|---|---|---|'];
    const loads: Load[] = [];
    const share = new Share(() => cluster.cpuMs());
    const seconds = (MINUTES * 60) / ROWS;
    for (let row = 1; row <= ROWS; row++) {
      loads.push(await run({ cluster, nodes, rate: RATE, entries: ENTRIES, seconds }));
      rows.push(memoryRow(row * seconds));
    }
    costs.push(`| ${rowOf({ ...together(loads), shares: share.cells() })} |`);
    const joinMs = await join(cluster);
    tell('soak', [
      ...costs,
      '',
      ...rows,
      '',
      `A fourth node had all ${ENTRIES.toLocaleString('en')} entries ${(joinMs / 1000).toFixed(1)} s after its start.`,
    ]);

    function memoryRow(afterS: number): string {
      const cells = [...nodes, cluster.redis]
        .map((each) => each.memoryMb())
        .map(({ own, rss }) => `${own} of ${rss} MB`);
      return `| ${Math.round(afterS)} s | ${cells.join(' | ')} |`;
    }
  } finally {
    cluster.end();
  }
}

interface Load {
  readonly logins: number;
  readonly seconds: number;
  /** Of one of them. */
  readonly nodesCpu: number;
  readonly redisCpu: number;
  readonly lagMs: number;
  readonly blockedMs: number;
  /** Of the processors meanwhile. */
  readonly shares: string;
}

interface Work {
  readonly cluster: BenchCluster;
  readonly nodes: readonly BenchNode[];
  readonly rate: number;
  readonly entries: number;
  readonly seconds: number;
}

/** Logins at each node in turn for a while; fewer than `rate` where the host has no time left. */
async function run({ cluster, nodes, rate, entries, seconds }: Work): Promise<Load> {
  const [begun, redisBefore, nodesBefore] = [performance.now(), cluster.redis.cpuMs(), cpuOf(nodes)];
  const share = new Share(() => cluster.cpuMs());
  let [lagMs, blockedMs] = [0, 0];
  await sizes(nodes); // each forgets its longest stop when asked
  for (let tick = 0; tick < seconds * TICKS; tick++) {
    await nodes[tick % nodes.length]?.ask(logins(((tick * rate) / TICKS) % entries, rate / TICKS));
    await setTimeout(Math.max(0, begun + ((tick + 1) * 1000) / TICKS - performance.now()));
    if (tick % TICKS !== TICKS - 1) continue;
    const looks = await sizes(nodes);
    lagMs = Math.max(lagMs, ...looks.map(({ status }) => status.lagMs ?? 0));
    blockedMs = Math.max(blockedMs, ...looks.map((look) => look.blockedMs));
  }
  const tookS = (performance.now() - begun) / 1000;
  const [redisCpu, nodesCpu] = [cluster.redis.cpuMs() - redisBefore, (cpuOf(nodes) - nodesBefore) / nodes.length];
  const shares = share.cells();
  return { logins: seconds * rate, seconds: tookS, nodesCpu, redisCpu, lagMs, blockedMs, shares };
}

function cpuOf(nodes: readonly BenchNode[]): number {
  return nodes.reduce((ms, node) => ms + node.cpuMs(), 0);
}

function sizes(nodes: readonly BenchNode[]): Promise<Size[]> {
  return Promise.all(nodes.map((node) => node.ask<Size>({ ask: 'size' })));
}

function together(loads: readonly Load[]): Load {
  return loads.reduce((a, b) => ({
    logins: a.logins + b.logins,
    seconds: a.seconds + b.seconds,
    nodesCpu: a.nodesCpu + b.nodesCpu,
    redisCpu: a.redisCpu + b.redisCpu,
    lagMs: Math.max(a.lagMs, b.lagMs),
    blockedMs: Math.max(a.blockedMs, b.blockedMs),
    shares: b.shares,
  }));
}

function rowOf({ logins: count, seconds, nodesCpu, redisCpu, lagMs, blockedMs, shares }: Load): string {
  const us = [nodesCpu, redisCpu].map((ms) => `${Math.round((ms * 1000) / count)} us`);
  const ms = [lagMs, blockedMs].map((each) => `${Math.round(each)} ms`);
  return [Math.round(count / seconds), ...us, shares, ...ms].join(' | ');
}

async function fill(nodes: readonly BenchNode[], entries: number): Promise<void> {
  const size = entries / 200;
  for (let n = 0; n < 200; n++) await nodes[n % nodes.length]?.ask(logins(n * size, size));
  for (const node of nodes) await untilHolds(node, entries);
}

/** How long a new node takes to know everything. */
async function join(cluster: BenchCluster): Promise<number> {
  const begun = performance.now();
  for (const node of await cluster.nodes(1, 'soak')) await untilHolds(node, ENTRIES);
  return performance.now() - begun;
}

async function untilHolds(node: BenchNode, entries: number): Promise<void> {
  while ((await node.ask<Size>({ ask: 'size' })).addresses < entries) await setTimeout(50);
}

async function untilUp(node: BenchNode): Promise<void> {
  while ((await node.ask<Size>({ ask: 'size' })).status.link !== 'up') await setTimeout(50);
}

function logins(first: number, count: number): Question {
  return { ask: 'login', logins: Array.from({ length: count }, (_, index) => loginOf(first + index)) };
}

function loginOf(n: number) {
  return { address: addressOf(n), user: `user${n}@example.org`, agoMs: 0 };
}

function tell(part: string, lines: readonly string[]): void {
  const text = lines.join('\n');
  process.stdout.write(`${text}\n\n`);
  putOnPage('cluster.md', `cluster-${part}`, text);
}
