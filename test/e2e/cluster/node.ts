/** A node's process as a test sees it: it is told what to see and asked what it permits. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterEach } from '@jest/globals';
import { tempDir } from '../../temp-dir.ts';
import type { NodeOptions, Question, Seen, Size, State } from './node-process.ts';

const PROGRAM = path.resolve(import.meta.dirname, 'node-process.js');
const GRACE_MS = 1_800_000;
const ROUNDING_MS = 2;
const AGREE_MS = 10_000;

const running: Node[] = [];

afterEach(async () => {
  for (const node of running.splice(0)) await node.kill();
});

export class Node {
  readonly #options: NodeOptions;
  #process: ChildProcess;
  /** By when, on the test's monotonic clock, each address must have ended at every node. */
  static readonly #endsBy = new Map<string, number>();
  worstBlockMs = 0;

  private constructor(options: NodeOptions) {
    this.#options = options;
    this.#process = Node.#fork(options);
  }

  static #fork(options: NodeOptions): ChildProcess {
    return fork(PROGRAM, [JSON.stringify(options)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  }

  static async start(node: string, url: string, options: Partial<NodeOptions> = {}): Promise<Node> {
    const defaults = {
      namespace: 'relaypass',
      skewMs: 0,
      graceMs: GRACE_MS,
      maxEntries: 200_000,
      maxStaleMs: undefined,
    };
    const started = new Node({ node, dir: path.join(tempDir(), 'store'), url, ...defaults, ...options });
    running.push(started);
    await once(started.#process, 'message');
    return started;
  }

  /** Kills it with -9 and starts it again on its store. */
  async restart(): Promise<void> {
    await this.kill();
    this.#process = Node.#fork(this.#options);
    await once(this.#process, 'message');
  }

  async kill(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exited = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await exited;
  }

  async login(user: string, address: string, agoMs = 0): Promise<void> {
    await this.logins([{ address, user, agoMs }]);
  }

  async logins(logins: readonly Seen[]): Promise<void> {
    await this.#ask({ ask: 'login', logins });
    for (const { address, agoMs, session } of logins) {
      const lifeMs = session === undefined ? this.#options.graceMs : (this.#options.maxSessionMs ?? 0);
      const endsBy = performance.now() - agoMs + lifeMs;
      Node.#endsBy.set(address, Math.max(endsBy, Node.#endsBy.get(address) ?? 0));
    }
  }

  async purge(user: string): Promise<void> {
    await this.#ask({ ask: 'purge', user });
  }

  /** What it permits; fails where that outlives the grace. */
  async permitted(): Promise<string[]> {
    const askedAt = performance.now();
    const { leftMs, blockedMs } = (await this.#ask({ ask: 'state' })) as State;
    this.worstBlockMs = Math.max(this.worstBlockMs, blockedMs);
    for (const [address, left] of Object.entries(leftMs)) {
      const mayBeMs = (Node.#endsBy.get(address) ?? 0) - askedAt + ROUNDING_MS;
      if (left > mayBeMs) throw new Error(`${this.#options.node} permits ${address} for ${left - mayBeMs} ms too long`);
    }
    return Object.keys(leftMs);
  }

  async size(): Promise<Size> {
    return (await this.#ask({ ask: 'size' })) as Size;
  }

  async #ask(question: Question): Promise<unknown> {
    const answered = once(this.#process, 'message');
    this.#process.send(question);
    const [answer] = (await answered) as [unknown];
    return answer;
  }
}

/** Waits until all permit exactly `addresses`, in the order of their text, and fails after ten seconds. */
export async function agreed(nodes: readonly Node[], addresses: readonly string[]): Promise<void> {
  const deadline = performance.now() + AGREE_MS;
  for (;;) {
    const permitted = await Promise.all(nodes.map((node) => node.permitted()));
    if (permitted.every((each) => each.join() === addresses.join())) return;
    if (performance.now() > deadline)
      throw new Error(`no agreement on ${addresses.join()}: ${JSON.stringify(permitted)}`);
    await setTimeout(50);
  }
}
