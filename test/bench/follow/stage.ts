/** What a host has in a scenario of the follow benchmark: a log, who writes it, who reads it, and logrotate. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { loggingTools } from '../../e2e/lab/tools.ts';
import type { Logger, Written } from './logger.ts';
import type { Reader } from './reader.ts';

const POLL_MS = 20;
const KEPT = 20; // rotated logs

export class Stage {
  readonly folder: string;
  readonly log: string;
  readonly logger: Logger;
  readonly #readers: readonly Reader[];

  constructor(folder: string, log: string, logger: Logger, readers: readonly Reader[]) {
    this.folder = folder;
    this.log = log;
    this.logger = logger;
    this.#readers = readers;
  }

  rename(): void {
    this.#shift();
    fs.renameSync(this.log, `${this.log}.1`);
  }

  copy(): void {
    this.#shift();
    fs.copyFileSync(this.log, `${this.log}.1`);
  }

  /** Waits for the logger to let go of `file`, since what it wrote there later would be gone. */
  async gzip(file: string): Promise<void> {
    while (this.logger.hasOpen(file)) await sleep(POLL_MS);
    await run('gzip', [file]);
  }

  async whilePaused(work: (written: Written) => Promise<void> | void): Promise<void> {
    await work(await this.logger.pause());
    this.logger.resume();
  }

  /** Does what makes lines unreadable for good when relaypass, killed or not, has read all there are. */
  whenRead(work: () => void): Promise<void> {
    return this.whilePaused(async ({ logins }) => {
      while (!this.#readers.every((reader) => reader.hasSeen(logins - 1))) await sleep(POLL_MS);
      work();
    });
  }

  async logrotate(): Promise<void> {
    const tools = loggingTools('logrotate');
    if (tools === undefined) throw new Error('there is no logrotate');
    const config = path.join(this.folder, 'logrotate.conf');
    const postrotate = `  postrotate\n    kill -HUP ${this.logger.pid}\n  endscript\n`;
    const block = `${this.log} {\n  rotate ${KEPT}\n  create\n  compress\n  delaycompress\n${postrotate}}\n`;
    fs.writeFileSync(config, block, { mode: 0o600 });
    const args = ['--force', '--state', path.join(this.folder, 'logrotate.state'), config];
    await run(path.join(tools.folder, 'logrotate'), args, tools.env);
  }

  #shift(): void {
    for (let number = KEPT; number > 0; number--) {
      for (const suffix of ['', '.gz']) {
        const rotated = `${this.log}.${number}${suffix}`;
        if (fs.existsSync(rotated)) fs.renameSync(rotated, `${this.log}.${number + 1}${suffix}`);
      }
    }
  }
}

async function run(program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, ...env } });
  const [status] = await once(child, 'close');
  if (status !== 0) throw new Error(`${program} ended with ${status}`);
}
