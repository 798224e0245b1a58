/** A host to measure: a log, a state folder with entries in it, and the real daemon or a command. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createLog } from '../../src/log.ts';
import { parseAddress, type Address } from '../../src/login/address.ts';
import type { Login } from '../../src/login/login.ts';
import { Store } from '../../src/store/store.ts';
import { addressOf } from './mail-log.ts';

export const CLI = path.resolve(import.meta.dirname, '../../bin/relaypass.cjs');
const GRACE_MS = 1_800_000;
const A_COMMIT = 10_000;

export interface BenchHostOptions {
  /** What its log is a link to. @default an empty log */
  readonly log?: string;
  readonly grace?: string;
  /** @default what the product has */
  readonly maxSession?: string;
  /** Where all of it is. @default the system's folder for what is temporary */
  readonly folder?: string;
}

export class BenchHost {
  readonly dir: string;
  readonly log: string;
  readonly config: string;
  readonly socket: string;
  readonly state: string;
  #daemon: ChildProcess | undefined;

  /** `tables` are of its configuration. */
  constructor(tables: string, { log, grace = '30m', maxSession = '12h', folder = os.tmpdir() }: BenchHostOptions = {}) {
    this.dir = mkdtempSync(path.join(folder, 'relaypass-bench-'));
    this.log = path.join(this.dir, 'mail.log');
    this.config = path.join(this.dir, 'relaypass.toml');
    this.socket = path.join(this.dir, 'socketmap');
    this.state = path.join(this.dir, 'state');
    mkdirSync(this.state);
    if (log === undefined) writeFileSync(this.log, '');
    else symlinkSync(log, this.log);
    const lookup = `[[lookup]]\nprotocol = "socketmap"\nlisten = "unix:${this.socket}"\n`;
    const admission = `[admission]\nmax_entries = 10000000\nmax_session = "${maxSession}"\n`;
    writeFileSync(
      this.config,
      `state_dir = "${this.state}"\ngrace = "${grace}"\n[[source]]\nfile = "${this.log}"\n${tables}${lookup}${admission}`,
    );
  }

  /** Opens the store itself, while no daemon needs to. */
  openStore(clock = Date.now, maxSessionMs = 0): Promise<Store> {
    const limits = {
      graceMs: GRACE_MS,
      maxSessionMs,
      maxAddressesPerUser: 10,
      maxUsersPerAddress: 0,
      maxEntries: 1e7,
    };
    const log = createLog({ write: () => undefined, priorities: false });
    return Store.open({ dir: path.join(this.state, 'store'), limits, clock, log });
  }

  /** Fills the store with `count` entries. */
  async fill(count: number): Promise<void> {
    const store = await this.openStore();
    fillStore(store, count, Date.now());
    await store.close();
  }

  /** Starts the daemon; resolves when it follows the log. */
  async start(): Promise<void> {
    const daemon = spawn(process.execPath, [CLI, 'run', '--config', this.config], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, MALLOC_ARENA_MAX: '1' }, // as relaypass.service has it
    });
    this.#daemon = daemon;
    let said = '';
    daemon.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-4000)));
    while (!said.includes('started')) {
      if (daemon.exitCode !== null) throw new Error(said);
      await once(daemon.stderr, 'data');
    }
  }

  logIn(address: string, user: string): void {
    appendLogin(this.log, address, user);
  }

  /** CPU seconds of the daemon up to now, to a hundredth or two. */
  cpuS(): number {
    const fields = readFileSync(`/proc/${this.#daemon?.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return (Number(fields[11]) + Number(fields[12])) / 100;
  }

  /** The same to the nanosecond, of the threads that it has now: for who asks twice while none ends. */
  threadsCpuS(): number {
    const tasks = `/proc/${this.#daemon?.pid}/task`;
    const spentNs = (thread: string) =>
      Number(readFileSync(path.join(tasks, thread, 'schedstat'), 'utf8').split(' ')[0]);
    return readdirSync(tasks).reduce((sum, thread) => sum + spentNs(thread), 0) / 1e9;
  }

  /** Resident memory: its own, and pages of files, which the system can take back at any time. */
  memoryMb(): { readonly all: number; readonly own: number; readonly files: number } {
    const mb = (what: string) => this.#memoryMb(what);
    return { all: mb('VmRSS'), own: mb('RssAnon'), files: mb('RssFile') + mb('RssShmem') };
  }

  /** The most that was resident since it started. */
  peakRssMb(): number {
    return this.#memoryMb('VmHWM');
  }

  #memoryMb(what: string): number {
    const status = readFileSync(`/proc/${this.#daemon?.pid}/status`, 'utf8');
    return Math.round(Number(new RegExp(`${what}:\\s+(\\d+)`).exec(status)?.[1]) / 1024);
  }

  run(...args: string[]): void {
    const { status, stderr } = spawnSync(process.execPath, [CLI, ...args, '--config', this.config], {
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(stderr);
  }

  /** Ends the daemon, if one runs. */
  async stop(): Promise<void> {
    const daemon = this.#daemon;
    if (daemon?.exitCode !== null) return;
    daemon.kill('SIGTERM');
    await once(daemon, 'exit');
  }

  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** Appends the line of a login of now. */
export function appendLogin(log: string, address: string, user: string): void {
  appendFileSync(log, `${loginLine(address, user)}\n`);
}

/** The line of a login of now. */
export function loginLine(address: string, user: string): string {
  const message = `imap-login: Login: user=<${user}>, method=PLAIN, rip=${address}, lip=192.0.2.25, mpid=9, TLS, session=<x>`;
  return `${new Date().toISOString()} mx dovecot: ${message}`;
}

/** Records one login for each of `count` clients, spread over the last minute of `now`. */
export function fillStore(store: Store, count: number, now: number, spreadMs = 60_000): void {
  for (let first = 0; first < count; first += A_COMMIT) {
    const numbers = Array.from({ length: Math.min(A_COMMIT, count - first) }, (_, index) => first + index);
    store.record({
      logins: numbers.map((number) => loginOf(number, now - spreadMs + Math.floor((number * spreadMs) / count))),
    });
  }
}

/** The login of client number `number` at `at`. */
export function loginOf(number: number, at: number): Login {
  const line = `${new Date(at).toISOString()} mx dovecot: imap-login: Login: user=<user${number}>, rip=${addressOf(number)}`;
  const evidence = { by: 'log', source: 'file:/var/log/mail.log', pattern: 'dovecot', line } as const;
  return {
    address: canonical(addressOf(number)),
    user: `user${number}`,
    service: 'imap',
    at,
    expiresAt: at + GRACE_MS,
    session: undefined,
    evidence,
  };
}

function canonical(text: string): Address {
  const parsed = parseAddress(text);
  if (!parsed.ok) throw new TypeError(`${text}: ${parsed.reason}`);
  return parsed.address;
}
