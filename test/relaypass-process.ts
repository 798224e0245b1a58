/** The real program, as an admin runs it, with a configuration of its own in a temporary folder. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterEach } from '@jest/globals';
import { tempDir } from './temp-dir.ts';

export const CLI = path.resolve(import.meta.dirname, '../bin/relaypass.cjs');
const MAX_OUTPUT_BYTES = 16_777_216; // spawnSync ends what prints more than 1 MiB, or does not, as it happens
const WAIT_MS = 20_000; // for what takes milliseconds on an idle machine

export interface Result {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const daemons: ChildProcess[] = [];

afterEach(async () => {
  const running = daemons.splice(0).filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null);
  const exits = running.map((daemon) => once(daemon, 'exit'));
  for (const daemon of running) daemon.kill('SIGKILL');
  await Promise.all(exits);
});

/** Runs `relaypass` with `args` to its end. */
export function relaypass(...args: string[]): Result {
  return spawnSync(process.execPath, [CLI, ...args], {
    encoding: 'utf8',
    timeout: 60_000,
    maxBuffer: MAX_OUTPUT_BYTES,
  });
}

/** A host with a log, a state folder, and a text map. */
export class TestHost {
  readonly dir = tempDir();
  readonly log = path.join(this.dir, 'mail.log');
  readonly map = path.join(this.dir, 'state/relay-addresses');
  readonly store = path.join(this.dir, 'state/store');
  readonly configFile = path.join(this.dir, 'relaypass.toml');

  constructor(extraConfig = '') {
    mkdirSync(path.dirname(this.map));
    writeFileSync(this.log, '');
    this.configure(extraConfig);
  }

  configure(extra: string): void {
    writeFileSync(
      this.configFile,
      `state_dir = "${path.dirname(this.map)}"\n[[source]]\nfile = "${this.log}"\n[[map]]\nmta = "none"\ntype = "text"\n${extra}`,
    );
  }

  run(...args: string[]): Result {
    return relaypass(...args, '--config', this.configFile);
  }

  /** Runs it as a unit does, whose state folder is known whatever the configuration says. */
  runUnderSystemd(...args: string[]): Result {
    const env = { ...process.env, STATE_DIRECTORY: path.dirname(this.map) };
    const line = [CLI, ...args, '--config', this.configFile];
    return spawnSync(process.execPath, line, { encoding: 'utf8', timeout: 60_000, env });
  }

  /** What the sweep timer does. */
  sweep(): Result {
    return this.runUnderSystemd('sweep');
  }

  /** Starts the daemon and waits until it follows the log; with `env` beside this process's own. */
  async startDaemon(env: NodeJS.ProcessEnv = {}, input: 'ignore' | 'pipe' = 'ignore'): Promise<Daemon> {
    const child = spawn(process.execPath, [CLI, 'run', '--config', this.configFile], {
      stdio: [input, 'ignore', 'pipe'],
      env: { ...process.env, ...env },
    });
    daemons.push(child);
    const daemon = new Daemon(child);
    await until(() => daemon.said('started'), `the daemon to start, which said: ${daemon.stderr}`);
    return daemon;
  }

  /** Appends a line of a Dovecot login, stamped `agoMs` before now. */
  login(user: string, address: string, agoMs = 0, session = 'x'): void {
    appendFileSync(this.log, loginLine(user, address, agoMs, session));
  }

  /** Appends the line of a login that failed for its password, stamped `agoMs` before now. */
  failedLogin(user: string, address: string, agoMs = 0): void {
    const message = `imap-login: Disconnected: Connection closed (auth failed, 1 attempts in 2 secs): user=<${user}>, method=PLAIN, rip=${address}, lip=192.0.2.25, session=<x>`;
    appendFileSync(this.log, lineOf(message, agoMs));
  }

  /** Appends the line that ends that session. */
  logout(user: string, session: string, agoMs = 0): void {
    appendFileSync(this.log, lineOf(`imap(${user})<9><${session}>: Disconnected: Logged out in=99 out=999`, agoMs));
  }

  /** The addresses in the map, in its order. */
  permitted(): string[] {
    return readFileSync(this.map, 'utf8').split('\n').filter(Boolean);
  }

  async untilPermitted(...addresses: string[]): Promise<void> {
    const wanted = addresses.join();
    await until(() => this.permitted().join() === wanted, `the map to permit ${wanted || 'nobody'}`);
  }
}

/** A line of a Dovecot login, stamped `agoMs` before now. */
export function loginLine(user: string, address: string, agoMs = 0, session = 'x'): string {
  const message = `imap-login: Login: user=<${user}>, method=PLAIN, rip=${address}, lip=192.0.2.25, mpid=9, TLS, session=<${session}>`;
  return lineOf(message, agoMs);
}

function lineOf(message: string, agoMs: number): string {
  return `${new Date(Date.now() - agoMs).toISOString()} mx dovecot: ${message}\n`;
}

/** A running `relaypass run`. */
export class Daemon {
  readonly #child: ChildProcess;
  stderr = '';

  constructor(child: ChildProcess) {
    this.#child = child;
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
  }

  said(text: string): boolean {
    return this.stderr.includes(text);
  }

  /** Waits until it has joined its cluster, again when it has lost it. */
  async joined(): Promise<void> {
    const isJoined = () => this.stderr.lastIndexOf('joined the cluster') > this.stderr.lastIndexOf('lost the cluster');
    await until(isJoined, `the daemon to join, which said: ${this.stderr}`);
  }

  /** Writes into the pipe that it was started with. */
  write(text: string): void {
    this.#child.stdin?.write(text);
  }

  /** Closes that pipe and tells the exit status. */
  async closeInput(): Promise<number | null> {
    const exited = once(this.#child, 'exit');
    this.#child.stdin?.end();
    await exited;
    return this.#child.exitCode;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Sends `signal` and tells the exit status, null where the signal ended it. */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    const exited = once(this.#child, 'exit');
    this.#child.kill(signal);
    await exited;
    return this.#child.exitCode;
  }
}

/** Waits for a condition; fails with what was waited for. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + WAIT_MS;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await setTimeout(20);
  }
}
