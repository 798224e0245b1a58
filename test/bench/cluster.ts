/**
 * What a cluster costs, with a real redis-server and real nodes, one process each: `node dist/test/bench/cluster.js`.
 *
 * Options, as NAME=VALUE: entries=100000 rate=2000 seconds=60 nodes=1,3,10 in=/tmp (where the stores are;
 * /dev/shm leaves the disk out). Prints one line a figure.
 */
import { fork, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { Cluster } from '../../src/cluster/cluster.ts';
import { Link } from '../../src/cluster/redis.ts';
import { loginNews } from '../../src/cluster/wire.ts';
import { createLog } from '../../src/log.ts';
import { admissionRules } from '../../src/login/admission.ts';
import { configSchema } from '../../src/config/schema.ts';
import type { Login } from '../../src/login/login.ts';
import { Store } from '../../src/store/store.ts';
import { redisTools } from '../e2e/lab/tools.ts';
import type { NodeOptions, Question, Size } from '../e2e/cluster/node-process.ts';
import { addressOf, GRACE_MS, LIMITS } from '../store/fixture.ts';

const options = new Map(process.argv.slice(2).map((each) => each.split('=') as [string, string]));
const ENTRIES = Number(options.get('entries') ?? 100_000);
const RATE = Number(options.get('rate') ?? 2000);
const SECONDS = Number(options.get('seconds') ?? 60);
const NODES = (options.get('nodes') ?? '1,3,10').split(',').map(Number);

const TICK_MS = 10; // USER_HZ of Linux

const folder = mkdtempSync(path.join(options.get('in') ?? tmpdir(), 'relaypass-bench-cluster-'));
const quiet = createLog({ write: () => undefined, priorities: false, level: 'error' });
const redisProcess = await startRedis();
const endpoint = { kind: 'socket', path: path.join(folder, 'redis.sock'), user: undefined } as const;
try {
  await benchScript();
  await benchCommit();
  await benchLatency(2);
  await benchLatency(10);
  for (const nodes of NODES) await soak(nodes);
} finally {
  redisProcess.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
}

async function startRedis(): Promise<ChildProcess> {
  const tools = redisTools();
  if (tools === undefined) throw new Error('needs redis-server: test/e2e/lab/fetch.sh redis');
  const args = ['--port', '0', '--unixsocket', path.join(folder, 'redis.sock'), '--save', '', '--dir', folder];
  const child = spawn('redis-server', args, { stdio: 'ignore', env: { ...process.env, ...tools.env } });
  while (!existsSync(path.join(folder, 'redis.sock'))) await setTimeout(20);
  return child;
}

function access(namespace: string) {
  return { endpoint, namespace, password: undefined, ca: undefined };
}

function loginOf(n: number): Login {
  const at = Date.now();
  const user = `user${n}@example.org`;
  const line = `imap-login: Login: user=<${user}>, method=PLAIN, rip=10.0.0.1, lip=192.0.2.25, mpid=12345, TLS, session=<abcdefghijkl>`;
  const evidence = { by: 'log', source: 'file:/var/log/mail.log', pattern: 'dovecot', line } as const;
  const address = addressOf(`10.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}`);
  return { address, user, service: 'imap', at, expiresAt: at + GRACE_MS, session: undefined, evidence };
}

/** The script alone: batches as a node sends them, and one login at a time. */
async function benchScript(): Promise<void> {
  const link = await Link.open(access('script'));
  const begun = performance.now();
  for (let n = 0; n < ENTRIES; n += 100) {
    const news = Array.from({ length: 100 }, (_, i) => loginNews(loginOf(n + i), 'pop1', Date.now()));
    await link.run(Date.now(), news);
  }
  tell('logins/s told to the server, 100 at a time', Math.round(ENTRIES / ((performance.now() - begun) / 1000)));
  const times: number[] = [];
  for (let n = 0; n < 5000; n++) {
    const before = performance.now();
    await link.run(Date.now(), [loginNews(loginOf(n), 'pop1', Date.now())]);
    times.push(performance.now() - before);
  }
  tellTimes('one login told to the server, ms', times);
  link.close();
}

/** What one login costs the store alone: a transaction that is on the disk. */
async function benchCommit(): Promise<void> {
  const limits = { ...LIMITS, maxEntries: ENTRIES };
  const store = await Store.open({ dir: path.join(folder, 'commit'), limits, clock: Date.now, log: quiet });
  const times = Array.from({ length: 1000 }, (_, n) => {
    const before = performance.now();
    store.record({ logins: [loginOf(n)] });
    return performance.now() - before;
  });
  tellTimes('one login committed to a store, ms', times);
  await store.close();
}

/** From a login in one store to the same in another's, where `nodes` are told; the two of them are in this process. */
async function benchLatency(nodes: number): Promise<void> {
  const namespace = `latency${nodes}`;
  const others = await startNodes(nodes - 2, namespace);
  const arrived = new Map<string, number>();
  const [pop, mx] = [
    await inProcess(namespace, 'pop', () => undefined),
    await inProcess(namespace, 'mx', () => look()),
  ];
  await setTimeout(1000);
  const times: number[] = [];
  for (let n = 0; n < 2000; n++) {
    const login = loginOf(n);
    const before = performance.now();
    pop.store.record({ logins: [login] });
    while (!arrived.has(login.address)) await setTimeout(0);
    times.push((arrived.get(login.address) ?? 0) - before);
  }
  tellTimes(`a login to another node's store, ${nodes} nodes, ms`, times);
  for (const { cluster, store } of [pop, mx]) {
    await cluster.stop();
    await store.close();
  }
  for (const node of others) node.kill('SIGKILL');

  function look(): void {
    const now = performance.now();
    const address = loginOf(arrived.size).address;
    if (mx.store.entry(address) !== undefined) arrived.set(address, now);
  }
}

async function inProcess(namespace: string, node: string, onChanged: () => void) {
  const limits = { ...LIMITS, maxEntries: 10 * ENTRIES };
  const store = await Store.open({ dir: path.join(folder, namespace + node), limits, clock: Date.now, log: quiet });
  const config = { url: endpoint, namespace, node };
  const rules = admissionRules(configSchema.parse({}).admission, GRACE_MS);
  const parts = { config, access: access(namespace), store, rules, clock: Date.now, log: quiet, onChanged, onFailure };
  const cluster = new Cluster(parts);
  cluster.start();
  return { store, cluster };
}

function onFailure(error: unknown): never {
  throw error;
}

/** `count` nodes that share all entries while logins go on, then one more that joins. */
async function soak(count: number): Promise<void> {
  const namespace = `soak${count}`;
  const nodes = await startNodes(count, namespace);
  const redisCpu = cpuOf(redisProcess);
  const filling = await fill(nodes);
  const filled = await Promise.all(nodes.map((node) => ask(node, { ask: 'size' }) as Promise<Size>));
  const begun = performance.now();
  const redisBefore = cpuOf(redisProcess);
  const worst: Worst = { lagMs: 0, blockedMs: 0 };
  for (let tick = 0; tick < SECONDS * 10; tick++) {
    const node = nodes[tick % nodes.length];
    if (node !== undefined) await ask(node, batch((tick * RATE) / 10, RATE / 10));
    await setTimeout(Math.max(0, begun + (tick + 1) * 100 - performance.now()));
    if (tick % 50 === 49) await lookAt(nodes, worst);
  }
  const seconds = (performance.now() - begun) / 1000;
  const sizes = await lookAt(nodes, worst);
  const cpu = sizes.map(({ cpuMs }, index) => (cpuMs - (filled[index]?.cpuMs ?? 0)) / seconds / 10);
  const rate = Math.round((SECONDS * RATE) / seconds); // less than was asked for where the host has no time left
  const name = `${count} nodes, ${ENTRIES} entries, ${rate} logins/s for ${Math.round(seconds)} s:`;
  tell(`${name} filled in, s`, (filling / 1000).toFixed(1));
  tell(`${name} entries at each node`, sizes.map(({ addresses }) => addresses).join(' '));
  tell(`${name} resident MB before`, filled.map(({ residentBytes }) => Math.round(residentBytes / 1e6)).join(' '));
  tell(`${name} resident MB after`, sizes.map(({ residentBytes }) => Math.round(residentBytes / 1e6)).join(' '));
  tell(`${name} CPU % of each node`, cpu.map((each) => each.toFixed(1)).join(' '));
  tell(`${name} CPU % of Redis`, ((cpuOf(redisProcess) - redisBefore) / seconds / 10).toFixed(1));
  tell(`${name} CPU ms of Redis in all`, Math.round(cpuOf(redisProcess) - redisCpu));
  tell(`${name} worst lag, ms`, Math.round(worst.lagMs));
  tell(`${name} longest stop of a loop, ms`, Math.round(worst.blockedMs));
  tell(`${name} resident MB of Redis`, Math.round(residentOf(redisProcess) / 1e6));
  await join(namespace);
  for (const node of nodes) node.kill('SIGKILL');
}

async function fill(nodes: readonly ChildProcess[]): Promise<number> {
  const begun = performance.now();
  const size = ENTRIES / 200;
  for (let n = 0; n < 200; n++) {
    const node = nodes[n % nodes.length];
    if (node !== undefined) await ask(node, batch(n * size, size));
  }
  for (const node of nodes) {
    while (((await ask(node, { ask: 'size' })) as Size).addresses < ENTRIES) await setTimeout(50);
  }
  return performance.now() - begun;
}

function batch(first: number, count: number): Question {
  const logins = Array.from({ length: count }, (_, i) => {
    const { address, user } = loginOf((first + i) % ENTRIES);
    return { address, user, agoMs: 0 };
  });
  return { ask: 'login', logins };
}

interface Worst {
  lagMs: number;
  blockedMs: number;
}

/** Looks at every node and keeps the worst of what it tells; a node forgets its longest stop when asked. */
async function lookAt(nodes: readonly ChildProcess[], worst: Worst): Promise<Size[]> {
  const sizes = await Promise.all(nodes.map((node) => ask(node, { ask: 'size' }) as Promise<Size>));
  worst.lagMs = Math.max(worst.lagMs, ...sizes.map(({ status }) => status.lagMs ?? 0));
  worst.blockedMs = Math.max(worst.blockedMs, ...sizes.map(({ blockedMs }) => blockedMs));
  return sizes;
}

/** How long a new node takes to know everything. */
async function join(namespace: string): Promise<void> {
  const begun = performance.now();
  const [late] = await startNodes(1, namespace, 'late');
  if (late === undefined) return;
  while (((await ask(late, { ask: 'size' })) as Size).addresses < ENTRIES) await setTimeout(20);
  tell(`a new node knows ${ENTRIES} entries after, ms`, Math.round(performance.now() - begun));
  late.kill('SIGKILL');
}

async function startNodes(count: number, namespace: string, name = 'node'): Promise<ChildProcess[]> {
  const program = path.resolve(import.meta.dirname, '../e2e/cluster/node-process.js');
  const children = Array.from({ length: count }, (_, n) => {
    const node = `${name}${n}`;
    const dir = path.join(folder, `${namespace}-${node}`);
    const common = { skewMs: 0, graceMs: GRACE_MS, maxEntries: 2 * ENTRIES, maxStaleMs: undefined };
    const argument: NodeOptions = { node, dir, namespace, url: `unix:${endpoint.path}`, ...common };
    return fork(program, [JSON.stringify(argument)]);
  });
  await Promise.all(children.map((child) => once(child, 'message')));
  return children;
}

async function ask(child: ChildProcess, question: Question): Promise<unknown> {
  const answered = once(child, 'message');
  child.send(question);
  const [answer] = (await answered) as [unknown];
  return answer;
}

function cpuOf({ pid }: ChildProcess): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

function residentOf({ pid }: ChildProcess): number {
  return 1024 * Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

function tellTimes(what: string, times: readonly number[]): void {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (part: number): string => (sorted[Math.floor(part * (sorted.length - 1))] ?? 0).toFixed(2);
  tell(what, `p50 ${at(0.5)} p99 ${at(0.99)} max ${at(1)}`);
}

function tell(what: string, figure: number | string): void {
  process.stdout.write(`${what}: ${figure}\n`);
}
