/**
 * A node as a process of its own: a store and its cluster, with a clock that may be wrong, told over IPC what to see.
 * It measures for how long anything has kept its event loop.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Cluster, type ClusterStatus } from '../../../src/cluster/cluster.ts';
import { parseRedisUrl } from '../../../src/cluster/url.ts';
import { configSchema } from '../../../src/config/schema.ts';
import { createLog } from '../../../src/log.ts';
import { admissionRules } from '../../../src/login/admission.ts';
import type { Login } from '../../../src/login/login.ts';
import { Store } from '../../../src/store/store.ts';
import { userMark } from '../../../src/store/tombstones.ts';
import { addressOf, LIMITS } from '../../store/fixture.ts';

/** What the process is told at its start, as JSON in its first argument. */
export interface NodeOptions {
  readonly node: string;
  readonly dir: string;
  readonly url: string;
  readonly namespace: string;
  readonly skewMs: number;
  readonly graceMs: number;
  readonly maxEntries: number;
  readonly maxStaleMs: number | undefined;
  /** @default 0: sessions are not followed */
  readonly maxSessionMs?: number;
  /** Whether to note when each address came. @default false */
  readonly notesArrivals?: boolean;
}

/** A login that it is to see, of a session that stays open where it has one. */
export interface Seen {
  readonly address: string;
  readonly user: string;
  readonly agoMs: number;
  readonly session?: string;
}

/** What it is asked. */
export type Question =
  | {
      readonly ask: 'login';
      readonly logins: readonly Seen[];
    }
  | { readonly ask: 'purge'; readonly user: string }
  | { readonly ask: 'state' }
  | { readonly ask: 'size' }
  | { readonly ask: 'arrivals' };

export interface State {
  /** What it permits, and for how long from now. */
  readonly leftMs: Readonly<Record<string, number>>;
  readonly status: ClusterStatus;
  /** The longest that it has kept its event loop since it was last asked; what others took of the processor is not its. */
  readonly blockedMs: number;
}

/** When each address came into the store, ms of the clock that all processes of a host share. */
export interface Arrivals {
  readonly seen: Readonly<Record<string, number>>;
  readonly taken: Readonly<Record<string, number>>;
}

export interface Size {
  readonly addresses: number;
  readonly cpuMs: number;
  readonly status: ClusterStatus;
  readonly blockedMs: number;
}

const options = JSON.parse(process.argv[2] ?? '') as NodeOptions;
const { node, dir, url, namespace, skewMs, graceMs, maxEntries, maxStaleMs } = options;
const clock = (): number => Date.now() + skewMs;
let cpu = process.cpuUsage();
const log = createLog({ write: (line) => process.stderr.write(`${node}: ${line}`), priorities: false });
const limits = { ...LIMITS, graceMs, maxEntries, maxSessionMs: options.maxSessionMs ?? 0 };
const store = await Store.open({ dir, limits, clock, log });
const endpoint = parseRedisUrl(url);
if (endpoint === undefined) throw new Error(url);
const cluster = new Cluster({
  config: { url: endpoint, namespace, node, ...(maxStaleMs !== undefined && { max_stale: maxStaleMs }) },
  access: { endpoint, namespace, password: undefined, ca: undefined },
  store,
  rules: admissionRules(configSchema.parse({}).admission, graceMs),
  clock,
  log: createLog({ write: () => undefined, priorities: false }),
  onChanged: noteTaken,
  onFailure: (error) => {
    throw error;
  },
});
cluster.start();

const seen: Record<string, number> = {};
const taken: Record<string, number> = {};
let generation = 0;
const delay = monitorEventLoopDelay({ resolution: 10 });
delay.enable();

process.on('message', (question: Question) => process.send?.(answer(question)));
process.on('disconnect', () => process.exit(0));
process.send?.('started');

function answer(question: Question): unknown {
  if (question.ask === 'login') return see(question.logins.map(loginOf));
  if (question.ask === 'purge') return store.bury([{ mark: userMark(question.user), at: clock() }], 'root').length;
  if (question.ask === 'arrivals') return { seen, taken } satisfies Arrivals;
  return question.ask === 'state' ? state() : size();
}

function see(logins: readonly Login[]): number {
  const [login] = logins;
  if (options.notesArrivals === true && login !== undefined) seen[login.address] = sharedClockMs();
  return store.record({ logins }).length;
}

/** What others saw is in the store. */
function noteTaken(): void {
  if (options.notesArrivals !== true) return;
  const at = sharedClockMs();
  for (const address of store.changesSince(generation)?.permitted ?? []) taken[address] ??= at;
  generation = store.generation();
}

function sharedClockMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

function state(): State {
  const leftMs = Object.fromEntries(Array.from(store.entries(), (entry) => [entry.address, entry.expiresAt - clock()]));
  return { leftMs, status: cluster.status(), blockedMs: Math.min(takeBlockedMs(), takeCpuMs()) };
}

function size(): Size {
  const { user, system } = process.cpuUsage();
  const [addresses, cpuMs] = [store.size(), (user + system) / 1000];
  return { addresses, cpuMs, status: cluster.status(), blockedMs: takeBlockedMs() };
}

function takeBlockedMs(): number {
  const ms = delay.max / 1e6;
  delay.reset();
  return ms;
}

/** The processor time since it was last asked. */
function takeCpuMs(): number {
  const before = cpu;
  cpu = process.cpuUsage();
  return (cpu.user + cpu.system - before.user - before.system) / 1000;
}

function loginOf({ address, user, agoMs, session }: Seen): Login {
  const at = clock() - agoMs;
  const evidence = {
    by: 'log',
    source: 'file:/var/log/mail.log',
    pattern: 'dovecot',
    line: `Login: user=<${user}>`,
  } as const;
  return {
    address: addressOf(address),
    user,
    service: 'imap',
    at,
    expiresAt: at + graceMs,
    session,
    evidence,
  };
}
