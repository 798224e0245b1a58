/**
 * From a line in the log to the map that the MTA reads, and to a live answer.    npm run bench:live
 *
 * A map is built by the host's makemap, or the one below ~/.cache/relaypass/lab (test/e2e/lab/fetch.sh sendmail).
 */
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  fdatasyncSync,
  mkdtempSync,
  openSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createBuilder } from '../../src/map/build.ts';
import { renderMap, sourceText } from '../../src/map/render.ts';
import type { MapTarget } from '../../src/map/target.ts';
import { hostTools } from '../../src/map/tools.ts';
import { BenchHost, loginOf } from './host.ts';
import { addressOf } from './mail-log.ts';
import { has, percentile } from './measure.ts';
import { report, time, type Row } from './report.ts';

const LOGINS = Number(process.env['BENCH_LOGINS'] ?? 40);
const LAB_TOOLS = path.join(
  process.env['XDG_CACHE_HOME'] ?? path.join(os.homedir(), '.cache'),
  'relaypass/lab/sendmail/usr/sbin',
);
if (!has('makemap') && existsSync(path.join(LAB_TOOLS, 'makemap'))) process.env['PATH'] += `:${LAB_TOOLS}`;

const rows: Row[] = [];
for (const [entries, targets] of [
  [1000, [10, 20]],
  [100_000, [15, 30]],
] as const)
  rows.push(await toMap(entries, targets));
rows.push(await toAnswer(), await toDisk());
rows.push(...(await rebuild(100_000)));
report('live', rows);

async function toMap(entries: number, [p50, p99]: readonly [number, number]): Promise<Row> {
  const host = new BenchHost('[[map]]\nmta = "sendmail"\ntype = "hash"\n');
  const map = path.join(host.state, 'popauth.db');
  await host.fill(entries);
  await host.start();
  const times = await eachLogin(async (address, user) => {
    const before = statSync(map).ino;
    host.logIn(address, user);
    while (statSync(map).ino === before) await sleep(1);
  });
  await host.remove();
  return rowOf(`append to renamed map, p50 / p99, ${entries.toLocaleString('en')} entries`, times, p50, p99);
}

async function toAnswer(): Promise<Row> {
  const host = new BenchHost('[[map]]\nmta = "none"\ntype = "text"\n');
  await host.start();
  const socket = net.connect(host.socket);
  const ask = (address: string) =>
    new Promise<string>((resolve) => {
      socket.once('data', (data) => resolve(data.toString()));
      const request = `relaypass ${address}`;
      socket.write(`${request.length}:${request},`);
    });
  const times = await eachLogin(async (address, user) => {
    host.logIn(address, user);
    while (!(await ask(address)).includes('OK')) await sleep(1); // who asks without a pause is what the daemon waits for
  });
  socket.destroy();
  await host.remove();
  return rowOf('append to a permitted live answer, p50 / p99', times, 2, 5);
}

/** What of each of them is the disk's: a login is committed before anybody is told of it. */
async function toDisk(): Promise<Row> {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'relaypass-bench-'));
  const file = openSync(path.join(dir, 'page'), 'w');
  const times = await eachLogin(async () => {
    writeSync(file, Buffer.alloc(4096, performance.now()));
    fdatasyncSync(file);
  });
  closeSync(file);
  rmSync(dir, { recursive: true });
  const [half, most] = [percentile(times, 50), percentile(times, 99)];
  const measured = `${half.toFixed(1)} / ${most.toFixed(1)} ms`;
  return { what: 'a page of 4 KiB written and synced, p50 / p99', measured, target: '', isMet: undefined };
}

/** What each new client's login takes, milliseconds; each waits until the last one's work is over. */
async function eachLogin(logIn: (address: string, user: string) => Promise<void>): Promise<number[]> {
  const times: number[] = [];
  for (let number = 0; number < LOGINS; number++) {
    await sleep(150);
    const start = performance.now();
    await logIn(addressOf(900_000 + number), `new${number}`);
    times.push(performance.now() - start);
  }
  return times;
}

function rowOf(what: string, times: readonly number[], p50: number, p99: number): Row {
  const [half, most] = [percentile(times, 50), percentile(times, 99)];
  return {
    what,
    measured: `${half.toFixed(1)} / ${most.toFixed(1)} ms`,
    target: `<= ${p50} / ${p99} ms`,
    isMet: half <= p50 && most <= p99,
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
    times.bare.push(await elapsedS(() => makemap(host.dir)));
    times.built.push(await elapsedS(async () => (await build(target, sorted)).remove()));
    times.command.push(await elapsedS(() => host.run('sweep')));
  }
  await host.remove();
  const [bare, built, command] = [times.bare, times.built, times.command].map((all) => percentile(all, 50));
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

async function elapsedS(work: () => unknown): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}
