/**
 * From a line in the log to the map that the MTA reads, and to a live answer.    npm run bench:live
 *
 * A map is built by the host's makemap, or the one below ~/.cache/relaypass/lab (test/e2e/lab/fetch.sh sendmail).
 */
import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, fdatasyncSync, openSync, statSync, writeFileSync, writeSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createBuilder } from '../../src/map/build.ts';
import { renderMap, sourceText } from '../../src/map/render.ts';
import type { MapTarget } from '../../src/map/target.ts';
import { hostTools } from '../../src/map/tools.ts';
import { Asker } from './asker.ts';
import { BenchHost, loginOf } from './host.ts';
import { addressOf } from './mail-log.ts';
import { has, percentile } from './measure.ts';
import { report, time, type Row } from './report.ts';

const LOGINS = Number(process.env['BENCH_LOGINS'] ?? 100);
const WARM_UP = 20; // a daemon has mostly seen a login before
const LOOK_EVERY_MS = 0.2;
const MEMORY = '/dev/shm';
const LAB_TOOLS = path.join(
  process.env['XDG_CACHE_HOME'] ?? path.join(os.homedir(), '.cache'),
  'relaypass/lab/sendmail/usr/sbin',
);
if (!has('makemap') && existsSync(path.join(LAB_TOOLS, 'makemap'))) process.env['PATH'] += `:${LAB_TOOLS}`;

interface Way {
  readonly what: string;
  /** Milliseconds, half and the slowest hundredth. */
  readonly target: readonly [number, number];
  readonly run: (folder: string) => Promise<Times>;
}

interface Times {
  readonly logins: readonly number[];
  /** Of a page that is put on the same disk before each login. */
  readonly pages: readonly number[];
}

const ways: readonly Way[] = [
  { what: 'renamed map, 1,000 entries', target: [10, 20], run: (folder) => toMap(1000, folder) },
  { what: 'renamed map, 100,000 entries', target: [15, 30], run: (folder) => toMap(100_000, folder) },
  ...(has('perl') ? [{ what: 'permitted live answer', target: [2, 5], run: toAnswer } as const] : []),
];
if (!has('perl')) process.stderr.write('a live answer: not measured, since there is no perl here\n');
const rows: Row[] = [];
const pages: number[] = [];
for (const { what, target, run } of ways) {
  const times = await run(os.tmpdir());
  pages.push(...times.pages);
  rows.push(rowOf(`append to ${what}, p50 / p99`, times.logins, target));
}
rows.push(rowOf('a page of 4 KiB written and synced between those logins, p50 / p99', pages));
for (const { what, run } of existsSync(MEMORY) ? ways : [])
  rows.push(rowOf(`append to ${what}, all of it in memory, p50 / p99`, (await run(MEMORY)).logins));
rows.push(...(await rebuild(100_000)));
report('live', rows);

async function toMap(entries: number, folder: string): Promise<Times> {
  const host = new BenchHost('[[map]]\nmta = "sendmail"\ntype = "hash"\n', { folder });
  const map = path.join(host.state, 'popauth.db');
  await host.fill(entries);
  await host.start();
  const times = await eachLogin(host, (address, user) => {
    const before = statSync(map).ino;
    return elapsedMs(() => {
      host.logIn(address, user);
      while (statSync(map).ino === before) pause();
    });
  });
  await host.remove();
  return times;
}

async function toAnswer(folder: string): Promise<Times> {
  const host = new BenchHost('[[map]]\nmta = "none"\ntype = "text"\n', { folder });
  await host.start();
  const asker = new Asker(host);
  const times = await eachLogin(host, (address, user) => asker.answerMs(address, user));
  asker.stop();
  await host.remove();
  return times;
}

/** What each new client's login takes, by `logIn`, in milliseconds; each waits until the last one's work is over. */
async function eachLogin(
  host: BenchHost,
  logIn: (address: string, user: string) => number | Promise<number>,
): Promise<Times> {
  const times = { logins: [] as number[], pages: [] as number[] };
  const page = openSync(path.join(host.dir, 'page'), 'w');
  for (let number = 0; number < WARM_UP + LOGINS; number++) {
    await sleep(150);
    const pageMs = await elapsedMs(() => {
      writeSync(page, Buffer.alloc(4096, number), 0, 4096, 0);
      fdatasyncSync(page);
    });
    const loginMs = await logIn(addressOf(900_000 + number), `new${number}`);
    if (number < WARM_UP) continue;
    times.pages.push(pageMs);
    times.logins.push(loginMs);
  }
  closeSync(page);
  return times;
}

/** Shorter than a timer can. */
function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOOK_EVERY_MS);
}

function rowOf(what: string, times: readonly number[], target?: readonly [number, number]): Row {
  const [half, most] = [percentile(times, 50), percentile(times, 99)];
  return {
    what,
    measured: `${half.toFixed(1)} / ${most.toFixed(1)} ms`,
    target: target === undefined ? '' : `<= ${target[0]} / ${target[1]} ms`,
    isMet: target && half <= target[0] && most <= target[1],
  };
}

/** All of a map: by the builder that the daemon has, and by the whole of a command. */
async function rebuild(entries: number): Promise<Row[]> {
  const host = new BenchHost('[[map]]\nmta = "sendmail"\ntype = "hash"\n');
  await host.fill(entries);
  const file = path.join(host.dir, 'built');
  const target: MapTarget = { form: 'sendmail', type: 'hash', builder: 'makemap', path: file, file: `${file}.db` };
  const addresses = Array.from({ length: entries }, (_, number) => loginOf(number, Date.now()).address);
  const sorted = renderMap(target.form, addresses);
  writeFileSync(path.join(host.dir, 'sorted'), sourceText(sorted));
  const build = createBuilder(hostTools());
  const times: Record<'bare' | 'built' | 'command', number[]> = { bare: [], built: [], command: [] };
  for (let round = 0; round < 7; round++) {
    times.bare.push(await elapsedMs(() => makemap(host.dir)));
    times.built.push(await elapsedMs(async () => (await build(target, sorted)).remove()));
    times.command.push(await elapsedMs(() => host.run('sweep')));
  }
  await host.remove();
  const [bare, built, command] = [times.bare, times.built, times.command].map((all) => percentile(all, 50) / 1000);
  if (bare === undefined || built === undefined || command === undefined) throw new Error('nothing was measured');
  const what = `of a map of ${entries.toLocaleString('en')} entries`;
  return [
    {
      what: `build ${what}, checked and on the disk, against makemap on sorted text`,
      measured: `${(built / bare).toFixed(2)} x (${time(built)}, makemap ${time(bare)})`,
      target: '<= 1.2 x',
      isMet: built <= 1.2 * bare,
    },
    { what: `\`sweep\` without a daemon, with a build ${what}`, measured: time(command), target: '', isMet: undefined },
  ];
}

function makemap(dir: string): void {
  const script = `makemap -C /dev/null -c 16777216 hash ${dir}/bare < ${dir}/sorted`;
  const { status, stderr } = spawnSync('bash', ['-c', script], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
}

async function elapsedMs(work: () => unknown): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}
