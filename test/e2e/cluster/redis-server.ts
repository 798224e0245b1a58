/** A real redis-server on loopback and a unix socket in a temporary folder; ended by its process id. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createConnection, createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import { afterAll, test } from '@jest/globals';
import type { RedisEndpoint } from '../../../src/cluster/url.ts';
import { redisTools, type Tools } from '../lab/tools.ts';
import { tempDir } from '../../temp-dir.ts';
import { until } from '../../relaypass-process.ts';

const tools = redisTools();
const servers: RedisServer[] = [];

afterAll(async () => {
  for (const server of servers.splice(0)) await server.stop('SIGKILL');
});

/** `test`, skipped where no redis-server is installed or in the lab's cache. */
export const withRedis = tools === undefined ? test.skip : test;

export class RedisServer {
  readonly dir = tempDir();
  readonly port: number;
  readonly #options: readonly string[];
  #process: ChildProcess | undefined;

  private constructor(port: number, options: readonly string[]) {
    this.port = port;
    this.#options = options;
  }

  /** A server with more options of redis.conf, as `--name value`. */
  static async start(...options: string[]): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), options);
    servers.push(server);
    await server.start();
    return server;
  }

  /** A Sentinel with the configuration in `file`, which it will write to. */
  static async startSentinel(file: string): Promise<RedisServer> {
    const sentinel = new RedisServer(await freePort(), [file, '--sentinel']);
    servers.push(sentinel);
    sentinel.#process = spawn('redis-server', [file, '--port', String(sentinel.port), '--sentinel'], {
      stdio: 'ignore',
      env: environment(),
    });
    await untilAnswering(() => sentinel.command('PING'));
    return sentinel;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  get endpoint(): RedisEndpoint {
    return { kind: 'socket', path: this.socket, user: undefined };
  }

  get socket(): string {
    return path.join(this.dir, 'redis.sock');
  }

  /** Starts it, again on the same port with the dump that lies in its folder. */
  async start(...more: string[]): Promise<void> {
    const own = ['--port', String(this.port), '--bind', '127.0.0.1', '--unixsocket', this.socket, '--dir', this.dir];
    const args = [...this.#options, ...own, '--save', '', '--appendonly', 'no', ...more];
    this.#process = spawn('redis-server', args, { stdio: 'ignore', env: environment() });
    await until(() => existsSync(this.socket), 'redis-server to listen');
    await untilAnswering(() => this.command('PING'));
  }

  signal(signal: NodeJS.Signals): void {
    this.#process?.kill(signal);
  }

  async stop(signal: NodeJS.Signals): Promise<void> {
    const running = this.#process;
    this.#process = undefined;
    if (running === undefined || running.exitCode !== null || running.signalCode !== null) return;
    const exited = once(running, 'exit');
    running.kill('SIGCONT');
    running.kill(signal);
    await exited;
  }

  /** Sends one command on a connection of its own and returns what comes back, in the protocol's own form. */
  command(...words: string[]): Promise<string> {
    const socket = createConnection(this.port, '127.0.0.1');
    const bulk = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('');
    socket.end(`*${words.length}\r\n${bulk}`);
    return new Promise((resolve, reject) => {
      let answer = '';
      socket.setEncoding('utf8').on('data', (text: string) => (answer += text));
      socket.on('error', reject).on('close', () => resolve(answer));
    });
  }
}

function environment(): NodeJS.ProcessEnv {
  const { env }: Pick<Tools, 'env'> = tools ?? { env: {} };
  return { ...process.env, ...env };
}

async function untilAnswering(ask: () => Promise<string>): Promise<void> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const answer = await ask().catch(String);
    if (answer.startsWith('+PONG') || answer.startsWith('-NOAUTH')) return;
    if (Date.now() > deadline) throw new Error(`redis-server did not answer: ${answer}`);
  }
}

/** A port that nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
