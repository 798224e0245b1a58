/** Who follows the log of the follow benchmark, each on its own, all at once. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 20;

/** Logins of all that were written. */
export interface Count {
  readonly lost: number;
  readonly repeated: number;
}

export interface Reader {
  readonly name: string;
  start(): Promise<void>;
  /** Whether the login of client number `client` has come. */
  hasSeen(client: number): boolean;
  /** Changes with each login that comes. */
  progress(): number;
  stop(): Promise<void>;
  /** To be asked when it has stopped. */
  count(logins: number): Count;
}

/** One of other make, which prints the logins to a file. */
export class Peer implements Reader {
  readonly name: string;
  readonly #out: string;
  readonly #command: readonly [string, ...string[]];
  /** One that does not reads the log from its start. */
  readonly #saysReady: boolean;
  #process: ChildProcess | undefined;

  constructor(name: string, folder: string, command: readonly [string, ...string[]], how?: 'says ready') {
    this.name = name;
    this.#out = path.join(folder, `${name.replaceAll(' ', '-')}.out`);
    this.#command = command;
    this.#saysReady = how === 'says ready';
  }

  async start(): Promise<void> {
    const [program, ...args] = this.#command;
    const out = fs.openSync(this.#out, 'a');
    this.#process = spawn(program, args, { stdio: ['ignore', out, 'ignore'] });
    fs.closeSync(out);
    while (this.#saysReady && this.progress() === 0) await sleep(POLL_MS);
  }

  /** Nobody waits for it. */
  hasSeen(): boolean {
    return true;
  }

  progress(): number {
    return fs.statSync(this.#out).size;
  }

  async stop(): Promise<void> {
    if (this.#process !== undefined) await end(this.#process, 'SIGKILL');
  }

  count(logins: number): Count {
    const found = fs.readFileSync(this.#out, 'latin1').match(/: Login: user=<u\d+>/g) ?? [];
    const { size } = new Set(found);
    return { lost: logins - size, repeated: found.length - size };
  }
}

/** Ends `child`, unless it has given up by itself. */
export async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill(signal);
  await exited;
}
