/** The real daemon as it starts after an outage: its checkpoint is near the start of a log that has grown since. */
import { cpSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { appendLogin, BenchHost, loginOf } from './host.ts';
import { writeMailLog, type MailLogShape } from './mail-log.ts';
import type { Run } from './measure.ts';

const LAST = '198.51.100.99';
const LOOK_MS = 5;
const DAY_MS = 86_400_000;

/** What one catch-up took. */
export interface CatchUp extends Run {
  readonly peakRssMb: number;
  /** Of memory that no file lies behind. */
  readonly peakOwnMb: number;
  readonly permitted: number;
}

export interface BacklogOptions {
  /** Of the daemon's configuration. @default none */
  readonly tables?: string;
  /** @default "30m" */
  readonly grace?: string;
  /** Whether the store has a session open, which counts as long as the log is: then nothing is passed by. @default false */
  readonly hasSession?: boolean;
}

export class Backlog {
  readonly #host: BenchHost;
  readonly #log: string;
  readonly #fresh: string;
  readonly #hasSession: boolean;

  constructor(log: string, { tables = '', grace = '30m', hasSession = false }: BacklogOptions = {}) {
    const maxSession = hasSession ? '1d' : '12h';
    this.#host = new BenchHost(`[[map]]\nmta = "none"\ntype = "text"\n${tables}`, { log, grace, maxSession });
    this.#hasSession = hasSession;
    this.#log = log;
    this.#fresh = path.join(this.#host.dir, 'fresh');
  }

  /** Lets the daemon see the first line of the log that `shape` describes. */
  async prepare(shape: MailLogShape): Promise<void> {
    writeMailLog(this.#log, { ...shape, bytes: 1 });
    await this.#host.start();
    await this.#host.stop();
    if (this.#hasSession) await this.#openSession();
    cpSync(this.#host.state, this.#fresh, { recursive: true });
  }

  async #openSession(): Promise<void> {
    const store = await this.#host.openStore(Date.now, DAY_MS);
    store.record({ logins: [{ ...loginOf(0, Date.now()), session: 'open' }] });
    await store.close();
  }

  /** From the start of the process until its map has the log's last login. */
  async catchUp(): Promise<CatchUp> {
    const host = this.#host;
    rmSync(host.state, { recursive: true });
    cpSync(this.#fresh, host.state, { recursive: true });
    const startedAt = performance.now();
    await host.start();
    let peakOwnMb = 0;
    while (!this.#permitted().includes(LAST)) {
      peakOwnMb = Math.max(peakOwnMb, host.memoryMb().own);
      await sleep(LOOK_MS);
    }
    const wallS = (performance.now() - startedAt) / 1000;
    const cpuS = host.cpuS();
    const peakRssMb = host.peakRssMb();
    await host.stop();
    return { wallS, cpuS, peakRssMb, peakOwnMb, permitted: this.#permitted().length };
  }

  #permitted(): string[] {
    return readFileSync(path.join(this.#host.state, 'relay-addresses'), 'utf8').split('\n').slice(0, -1);
  }

  remove(): Promise<void> {
    return this.#host.remove();
  }
}

/** Writes the log and, at its end, the login that {@link Backlog.catchUp} waits for. */
export function writeBacklog(log: string, shape: MailLogShape): ReturnType<typeof writeMailLog> {
  const written = writeMailLog(log, shape);
  appendLogin(log, LAST, 'last');
  return written;
}
