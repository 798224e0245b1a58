/**
 * `relaypass run` itself, with a store of its own; it may be killed (SIGKILL) at random moments, and is started again.
 *
 * Lost is whose address `relaypass list` does not have at the end. Repeated is who was granted, refreshed or given to the
 * store once more, as the log of `run --verbose` tells. Not counted is a line that is read twice before one commit, which
 * makes one login of them.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CLI } from '../host.ts';
import { addressOf } from '../mail-log.ts';
import { end, type Count, type Reader } from './reader.ts';

const MOST_LIFE_MS = 2000; // of one that was let start, and of one that was not
const OUTPUT_BYTES = 1_000_000_000;
const POLL_MS = 20;

export class DaemonReader implements Reader {
  readonly name: string;
  /** How often it was killed. */
  kills = 0;
  readonly #config: string;
  readonly #messages: string;
  readonly #isKilled: boolean;
  #process: ChildProcess | undefined;
  #isCalm = false;
  #killing: Promise<void> | undefined;

  constructor(name: string, folder: string, log: string, isKilled: boolean) {
    this.name = name;
    const own = path.join(folder, name.replaceAll(' ', '-'));
    fs.mkdirSync(path.join(own, 'state'), { recursive: true });
    this.#config = path.join(own, 'relaypass.toml');
    this.#messages = path.join(own, 'messages');
    this.#isKilled = isKilled;
    const state = `state_dir = "${own}/state"\n[admission]\nmax_entries = 10000000\n`;
    fs.writeFileSync(this.#config, `${state}[[source]]\nfile = "${log}"\n[[map]]\nmta = "none"\ntype = "text"\n`);
  }

  async start(): Promise<void> {
    this.#launch();
    await this.#started(1);
    if (this.#isKilled) this.#killing = this.#killAgainAndAgain();
  }

  hasSeen(client: number): boolean {
    return this.#list('--user', `u${client}`).length > 0;
  }

  progress(): number {
    return fs.statSync(this.#messages).size;
  }

  /** Kills it no more. */
  async calm(): Promise<void> {
    this.#isCalm = true;
    await this.#killing;
  }

  async stop(): Promise<void> {
    if (this.#process !== undefined) await end(this.#process, 'SIGTERM');
  }

  count(logins: number): Count {
    const listed = new Set(this.#list());
    const lost = Array.from({ length: logins }, (_, client) => addressOf(client)).filter((each) => !listed.has(each));
    const told = this.#said().match(/^.*(?:granted|refreshed|unchanged) address=\S+/gm) ?? [];
    const addresses = told.map((line) => line.slice(line.lastIndexOf('=') + 1));
    return { lost: lost.length, repeated: addresses.length - new Set(addresses).size };
  }

  #launch(): void {
    const messages = fs.openSync(this.#messages, 'a');
    const args = [CLI, 'run', '--verbose', '--config', this.#config];
    this.#process = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', messages] });
    fs.closeSync(messages);
  }

  /** Every other one is let start first, or on a busy machine none would get to its work. */
  async #killAgainAndAgain(): Promise<void> {
    while (!this.#isCalm) {
      await sleep(Math.random() * MOST_LIFE_MS);
      if (this.#process !== undefined) await end(this.#process, 'SIGKILL');
      const starts = this.#starts();
      this.#launch();
      this.kills++;
      if (this.kills % 2 === 1) await this.#started(starts + 1);
    }
  }

  async #started(times: number): Promise<void> {
    while (this.#starts() < times) {
      if (this.#process?.exitCode !== null) throw new Error(`the daemon ended by itself: ${this.#said().slice(-2000)}`);
      await sleep(POLL_MS);
    }
  }

  #starts(): number {
    return this.#said().match(/^started /gm)?.length ?? 0;
  }

  #said(): string {
    return fs.readFileSync(this.#messages, 'utf8');
  }

  /** The addresses that `relaypass list` has. */
  #list(...args: string[]): string[] {
    const command = [CLI, 'list', '--jsonl', '--config', this.#config, ...args];
    const { status, stdout, stderr } = spawnSync(process.execPath, command, {
      encoding: 'utf8',
      maxBuffer: OUTPUT_BYTES,
    });
    if (status !== 0) throw new Error(`relaypass list ended with ${status}: ${stderr}`);
    return stdout.split('\n').flatMap((line) => (line === '' ? [] : String(JSON.parse(line).address)));
  }
}
