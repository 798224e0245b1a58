/** `relaypass` on a real pseudo-terminal, which script(1) of util-linux makes. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { afterEach } from '@jest/globals';
import { until } from './relaypass-process.ts';
import { cellsAfter, textOf, type Cell } from './terminal-screen.ts';

const CLI = path.resolve(import.meta.dirname, '../bin/relaypass.cjs');
const ROWS = 24;
const opened: ChildProcess[] = [];

afterEach(() => {
  for (const child of opened.splice(0)) child.kill('SIGKILL');
});

export interface TerminalOptions {
  readonly columns: number;
  readonly env?: NodeJS.ProcessEnv;
}

/** One program's terminal. */
export class PseudoTerminal {
  readonly #child: ChildProcess;
  #output = '';

  constructor(args: readonly string[], { columns, env = {} }: TerminalOptions) {
    const quoted = [process.execPath, CLI, ...args].map((arg) => `'${arg}'`).join(' ');
    const command = `tty; stty cols ${columns} rows ${ROWS}; exec ${quoted}`;
    // On a machine that sets CI, Node takes a terminal without a known service's name for one without colours.
    const surroundings = { ...process.env, CI: undefined, TERM: 'xterm', ...env };
    this.#child = spawn('script', ['-qec', command, '/dev/null'], { env: surroundings });
    opened.push(this.#child);
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.#output += text));
  }

  /** Everything written so far, with its escape sequences. */
  get raw(): string {
    return this.#output.slice(this.#output.indexOf('\n') + 1); // without what tty said
  }

  /** What stands there now, line by line, without trailing blanks. */
  get screen(): string[] {
    return textOf(this.cells);
  }

  /** The same, with its colours. */
  get cells(): Cell[][] {
    return cellsAfter(this.raw);
  }

  type(keys: string): void {
    this.#child.stdin?.write(keys);
  }

  resize(columns: number): void {
    const tty = this.#output.split('\r\n', 1)[0] ?? '';
    execFileSync('stty', ['-F', tty, 'cols', String(columns)]);
  }

  untilShows(pattern: RegExp): Promise<void> {
    return until(() => this.screen.some((line) => pattern.test(line)), `${pattern} on the terminal: ${this.raw}`);
  }

  /** The exit status of the program, once it has ended. */
  async ended(): Promise<number | null> {
    if (this.#child.exitCode === null) await once(this.#child, 'close');
    return this.#child.exitCode;
  }
}

/** Runs a command to its end; the lines that stand there then. */
export async function screenOf(args: readonly string[], options: TerminalOptions): Promise<string[]> {
  const terminal = new PseudoTerminal(args, options);
  await terminal.ended();
  return terminal.screen;
}
