/**
 * Follows a log in real time through what hosts do to it, and counts the logins that were lost or came twice: `relaypass
 * run` with its store, the same killed (SIGKILL) at random moments, npm's tail, GNU `tail -F`, and chokidar alone, all on
 * the same log. Writes its table into docs/following.md, unless only some scenarios were asked for.
 *
 *     npm run bench:follow [-- SCENARIO...]       FOLLOW_RATES=2000,20000 FOLLOW_ROUNDS=4 FOLLOW_KEEP=1 keeps the folders
 *
 * At each rate 2,000 lines a second are logins, each of a client of its own; the rest is other mail traffic.
 *
 * Where lines would be lost by nature, the writer pauses: between copy and truncation, and, where the log is truncated or
 * deleted without a copy, until both relaypasses have read it; gzip waits until the writer has let go of its file. The real logrotate and rsyslogd are those of the host, or
 * of test/e2e/lab/fetch.sh; what is missing is told and left out.
 */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { loggingTools } from '../e2e/lab/tools.ts';
import { DaemonReader } from './follow/daemon-reader.ts';
import { Logger, type Written } from './follow/logger.ts';
import { Peer, type Count, type Reader } from './follow/reader.ts';
import { SCENARIOS, type Scenario } from './follow/scenarios.ts';
import { Stage } from './follow/stage.ts';
import { putOnPage } from './report.ts';

const RATES = (process.env['FOLLOW_RATES'] ?? '2000,20000').split(',').map(Number);
const ROUNDS = Number(process.env['FOLLOW_ROUNDS'] ?? 4);
const LOGINS_A_SECOND = 2000; // a busy host has some hundreds
const ROUND_MS = 1000;
const QUIET_MS = 2000;
const GIVE_UP_MS = 15_000;

interface Result {
  readonly name: string;
  readonly rate: number;
  readonly written: Written;
  readonly kills: number;
  readonly counts: readonly (readonly [string, Count])[];
}

const wanted = process.argv.slice(2);
const results: Result[] = [];
for (const rate of RATES) {
  for (const scenario of SCENARIOS.filter(({ name }) => wanted.length === 0 || wanted.includes(name))) {
    const missing = scenario.needs?.filter((program) => loggingTools(program) === undefined) ?? [];
    if (missing.length > 0) process.stderr.write(`${scenario.name}: left out, there is no ${missing.join(', no ')}\n`);
    else results.push(await play(scenario, rate));
  }
}
const table = tableOf(results);
process.stdout.write(`${table}\n`);
if (wanted.length === 0) putOnPage('following.md', 'follow', table);
process.exitCode = results.every(isClean) ? 0 : 1;

async function play(scenario: Scenario, rate: number): Promise<Result> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'relaypass-bench-'));
  const log = path.join(folder, 'mail.log');
  if (scenario.prepare === undefined) fs.writeFileSync(log, '');
  scenario.prepare?.(log);
  const killed = new DaemonReader('relaypass, killed', folder, log, true);
  const readers = [new DaemonReader('relaypass', folder, log, false), killed, ...peersOf(folder, log)];
  for (const reader of readers) await reader.start();
  const through = scenario.needs?.includes('rsyslogd') === true ? 'rsyslogd' : undefined;
  const logger = await Logger.start(log, rate, Math.round(rate / LOGINS_A_SECOND), through);
  const stage = new Stage(folder, log, logger, readers);
  await sleep(ROUND_MS);
  for (let round = 0; round < ROUNDS; round++) {
    await scenario.round(stage, round);
    await sleep(ROUND_MS);
  }
  const written = await logger.stop();
  await killed.calm();
  await settle(readers, written.logins - 1);
  for (const reader of readers) await reader.stop();
  const counts = readers.map((reader) => [reader.name, reader.count(written.logins)] as const);
  if (process.env['FOLLOW_KEEP'] === undefined) fs.rmSync(folder, { recursive: true });
  else process.stderr.write(`kept ${folder}\n`);
  const result = { name: scenario.name, rate, written, kills: killed.kills, counts };
  process.stderr.write(`${rowOf(result)}\n`);
  return result;
}

function peersOf(folder: string, log: string): Reader[] {
  const script = path.join(import.meta.dirname, 'follow/peer-process.js');
  const peers = [new Peer('npm tail', folder, [process.execPath, script, 'tail', log], 'says ready')];
  if (spawnSync('tail', ['--version']).stdout?.includes('GNU')) {
    peers.push(new Peer('tail -F', folder, ['tail', '-n', '+1', '-F', log]));
  }
  return [...peers, new Peer('chokidar', folder, [process.execPath, script, 'chokidar', log], 'says ready')];
}

/** Until nothing comes any more, and the last login has, or never will. */
async function settle(readers: readonly Reader[], last: number): Promise<void> {
  const progress = () => readers.map((reader) => reader.progress()).join(' ');
  for (let [before, quietMs] = ['', 0]; quietMs < GIVE_UP_MS; quietMs += QUIET_MS) {
    if (before !== progress()) quietMs = 0;
    before = progress();
    await sleep(QUIET_MS);
    if (before === progress() && readers.every((reader) => reader.hasSeen(last))) return;
  }
}

function isClean({ counts }: Result): boolean {
  return counts
    .filter(([name]) => name.startsWith('relaypass'))
    .every(([, { lost, repeated }]) => lost === 0 && repeated === 0);
}

function tableOf(all: readonly Result[]): string {
  const names = all[0]?.counts.map(([name]) => name) ?? [];
  const heads = ['', 'lines a second', 'lines', 'logins', 'kills', ...names];
  return [`| ${heads.join(' | ')} |`, '|---'.repeat(heads.length) + '|', ...all.map(rowOf)].join('\n');
}

function rowOf({ name, rate, written: { lines, logins }, kills, counts }: Result): string {
  const numbers = [rate, lines, logins, kills].map((number) => number.toLocaleString('en'));
  const cells = counts.map(([, { lost, repeated }]) => `${lost.toLocaleString('en')} / ${repeated}`);
  return `| ${[name, ...numbers, ...cells].join(' | ')} |`;
}
