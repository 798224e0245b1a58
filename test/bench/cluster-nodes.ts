/** A redis-server and nodes to measure, one process each, with their stores in a folder of the bench. */
import { fork, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { NodeOptions, Question } from '../e2e/cluster/node-process.ts';
import { redisTools } from '../e2e/lab/tools.ts';
import { TICK_MS } from './processors.ts';

const PROGRAM = path.resolve(import.meta.dirname, '../e2e/cluster/node-process.js');
const GRACE_MS = 1_800_000;

export class BenchCluster {
  readonly dir: string;
  readonly redis: Measured;
  readonly #nodes: BenchNode[] = [];

  private constructor(dir: string, redis: ChildProcess) {
    this.dir = dir;
    this.redis = new Measured(redis);
  }

  /** Starts a redis-server on a socket in a new folder in `parent`. */
  static async start(parent: string): Promise<BenchCluster> {
    const tools = redisTools();
    if (tools === undefined) throw new Error('needs redis-server: test/e2e/lab/fetch.sh redis');
    const dir = mkdtempSync(path.join(parent, 'relaypass-bench-cluster-'));
    const socket = path.join(dir, 'redis.sock');
    const args = ['--port', '0', '--unixsocket', socket, '--save', '', '--dir', dir];
    const child = spawn('redis-server', args, { stdio: 'ignore', env: { ...process.env, ...tools.env } });
    while (!existsSync(socket)) await setTimeout(20);
    return new BenchCluster(dir, child);
  }

  get socket(): string {
    return path.join(this.dir, 'redis.sock');
  }

  /** `count` nodes that share a namespace, when all have joined. */
  async nodes(count: number, namespace: string, more: Partial<NodeOptions> = {}): Promise<BenchNode[]> {
    const nodes = Array.from({ length: count }, () => {
      const node = `node${this.#nodes.length}`;
      const dir = path.join(this.dir, node);
      const options = { skewMs: 0, graceMs: GRACE_MS, maxEntries: 1_000_000, maxStaleMs: undefined, ...more };
      const started = new BenchNode({ ...options, node, dir, namespace, url: `unix:${this.socket}` });
      this.#nodes.push(started);
      return started;
    });
    for (const node of nodes) await node.started();
    return nodes;
  }

  /** What all nodes and the server have used of the processors. */
  cpuMs(): number {
    return [this.redis, ...this.#nodes].reduce((ms, each) => ms + each.cpuMs(), 0);
  }

  /** Ends every node; the server goes on. */
  endNodes(): void {
    for (const node of this.#nodes) node.end();
  }

  end(): void {
    this.endNodes();
    this.redis.end();
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** A process whose use of the machine can be asked for. */
class Measured {
  protected readonly child: ChildProcess;

  constructor(child: ChildProcess) {
    this.child = child;
  }

  /** Milliseconds of the processor up to now. */
  cpuMs(): number {
    const fields = readFileSync(`/proc/${this.child.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
  }

  /** Resident memory, and what of it is the process's own: the rest are pages of files, which the system may take. */
  memoryMb(): { readonly rss: number; readonly own: number } {
    const status = readFileSync(`/proc/${this.child.pid}/status`, 'utf8');
    const mb = (name: string) => Math.round(Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]) / 1024);
    return { rss: mb('VmRSS'), own: mb('RssAnon') };
  }

  end(): void {
    this.child.kill('SIGKILL');
  }
}

export class BenchNode extends Measured {
  readonly #started: Promise<unknown>;

  constructor(options: NodeOptions) {
    super(fork(PROGRAM, [JSON.stringify(options)]));
    this.#started = once(this.child, 'message');
  }

  async started(): Promise<void> {
    await this.#started;
  }

  /** T is what the process answers to this question: see node-process.ts. */
  async ask<T>(question: Question): Promise<T> {
    const answered = once(this.child, 'message') as Promise<[T]>;
    this.child.send(question);
    const [answer] = await answered;
    return answer;
  }
}
