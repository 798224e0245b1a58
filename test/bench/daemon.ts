/** Start-up, memory, an idle minute, short commands.    npm run bench:daemon      BENCH_BYTES=1e9 BENCH_IDLE_S=60 */
import { rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BenchHost, CLI } from './host.ts';
import { writeMailLog } from './mail-log.ts';
import { percentile, sideBySide } from './measure.ts';
import { report, time, type Row } from './report.ts';

const BYTES = Number(process.env['BENCH_BYTES'] ?? 1e9);
const IDLE_S = Number(process.env['BENCH_IDLE_S'] ?? 60);
const ROUNDS = 5;
const TEXT_MAP = '[[map]]\nmta = "none"\ntype = "text"\n';

const rows: Row[] = [...(await commands()), ...(await starts()), ...(await idle())];
report('daemon', rows);

async function commands(): Promise<Row[]> {
  const host = new BenchHost(TEXT_MAP);
  await host.fill(1000);
  const node = process.execPath;
  const runs = sideBySide(
    {
      'node -e 0': `${node} -e 0`,
      '`--help`': `${node} ${CLI} --help`,
      '`list` on 1,000 entries': `${node} ${CLI} list --config ${host.config}`,
    },
    ROUNDS * 2,
  );
  await host.remove();
  const bare = runs.get('node -e 0')?.wallS ?? NaN;
  return [...runs].slice(1).map(([what, { wallS }]) => ({
    what,
    measured: `${(wallS / bare).toFixed(1)} x \`node -e 0\` (${time(wallS)})`,
    target: '<= 2 x',
    isMet: wallS <= 2 * bare,
  }));
}

/** Each with no checkpoint: only what is younger than the grace matters. */
async function starts(): Promise<Row[]> {
  const log = path.join(os.tmpdir(), 'relaypass-bench.log');
  const rowsOf: Row[] = [];
  for (const bytes of [1e6, BYTES]) {
    writeMailLog(log, { bytes, seed: 1, endAt: Date.now(), addresses: 50_000 });
    const times: number[] = [];
    const bare = sideBySide({ node: `${process.execPath} -e 0` }, ROUNDS).get('node')?.wallS ?? NaN;
    for (let round = 0; round < ROUNDS; round++) {
      const host = new BenchHost(TEXT_MAP, log);
      const start = performance.now();
      await host.start();
      times.push((performance.now() - start) / 1000 - bare);
      await host.remove();
    }
    const median = percentile(times, 50);
    rowsOf.push({
      what: `a start on a log of ${bytes / 1e6} MB, no checkpoint, past node's own start`,
      measured: time(median),
      target: '<= 150 ms',
      isMet: median <= 0.15,
    });
  }
  rmSync(log);
  return rowsOf;
}

async function idle(): Promise<Row[]> {
  const host = new BenchHost(TEXT_MAP);
  await host.start();
  await sleep(5000);
  const cpuS = host.cpuS();
  await sleep(IDLE_S * 1000);
  const used = ((host.cpuS() - cpuS) * 60) / IDLE_S;
  const idleMb = host.rssMb();
  await host.remove();
  const full = new BenchHost(TEXT_MAP);
  await full.fill(100_000);
  await full.start();
  await sleep(5000);
  const fullMb = full.rssMb();
  await full.remove();
  return [
    { what: 'CPU idle, one minute', measured: time(used), target: '<= 0.1 s', isMet: used <= 0.1 },
    { what: 'RSS idle', measured: `${idleMb} MiB`, target: '<= 60 MiB', isMet: idleMb <= 60 },
    { what: 'RSS with 100,000 entries', measured: `${fullMb} MiB`, target: '<= 75 MiB', isMet: fullMb <= 75 },
  ];
}
