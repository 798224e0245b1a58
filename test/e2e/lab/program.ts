/** The programs that a test starts: ended by their own process id, and what they said is kept for the failure message. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 50;
const LIMIT_MS = 20_000; // the machine may be busy with other builds; a wait that succeeds ends at once
const STOP_MS = 10_000; // then it is killed

export interface Exit {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A child process in the foreground. */
export class Program {
  readonly name: string;
  readonly exited: Promise<Exit>;
  #output = '';
  #running = true;
  readonly #child: ChildProcess;

  constructor(command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.name = command;
    this.#child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
    this.#child.stdout?.on('data', (data: Buffer) => (this.#output += data.toString()));
    this.#child.stderr?.on('data', (data: Buffer) => (this.#output += data.toString()));
    this.exited = new Promise((resolve, reject) => {
      this.#child.once('error', reject);
      this.#child.once('close', (status, signal) => {
        this.#running = false;
        resolve({ status, signal });
      });
    });
  }

  /** What it wrote to both outputs so far. */
  get output(): string {
    return this.#output;
  }

  get running(): boolean {
    return this.#running;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Ends it and awaits that; kills it if it does not end by itself. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Exit> {
    if (this.#running) this.signal(signal);
    const patience = new AbortController();
    const kill = delay(STOP_MS, undefined, { signal: patience.signal }).then(
      () => this.signal('SIGKILL'),
      () => undefined,
    );
    const exit = await this.exited;
    patience.abort();
    await kill;
    return exit;
  }

  /** Waits for a condition of a program that must not end meanwhile. */
  async until(what: string, condition: () => boolean | Promise<boolean>, wait: Wait = {}): Promise<void> {
    const orEnded = async () => {
      if (await condition()) return true;
      if (!this.running) throw new Error(`${this.name} ended before ${what}:\n${this.#output}`);
      return false;
    };
    await until(what, orEnded, { context: () => this.#output, ...wait });
  }
}

/** How a wait differs from the usual one. */
export interface Wait {
  /** @default 20 s */
  readonly limitMs?: number;
  /** How often to look. @default 50 ms */
  readonly pollMs?: number;
  /** What a failure should show. */
  readonly context?: () => string;
}

/** Waits until the condition holds. @throws Error which names `what` when it does not in time */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  { limitMs = LIMIT_MS, pollMs = POLL_MS, context = () => '' }: Wait = {},
): Promise<void> {
  const end = Date.now() + limitMs;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`gave up waiting for: ${what}\n${context()}`);
    await delay(pollMs);
  }
}

/** Runs a command to its end and returns what it wrote. @throws Error where it failed */
export function run(command: string, args: readonly string[], input = ''): string {
  const result = spawnSync(command, args, { input, encoding: 'utf8' });
  if (result.status === 0) return result.stdout;
  throw new Error(`${command} ${args.join(' ')} ended with ${result.status ?? result.signal}: ${result.stderr}`);
}
