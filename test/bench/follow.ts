/**
 * Follows a log in real time through what hosts do to it, and counts the lines that were lost or came twice: relaypass,
 * relaypass killed (SIGKILL) about once a second, npm's tail, GNU `tail -F`, and chokidar alone, all on the same log.
 *
 *     npm run bench:follow [SCENARIO...]       FOLLOW_RATES=2000,20000 FOLLOW_ROUNDS=6
 *
 * Where lines would be lost by nature, the writer pauses: between copy and truncation, and, where the log is
 * truncated or deleted without a copy, until relaypass has read it. The real logrotate and rsyslogd are used where they are installed or lie below
 * ~/.cache/relaypass/lab (test/e2e/lab/fetch.sh syslog; logrotate's package unpacked the same way).
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const RATES = (process.env['FOLLOW_RATES'] ?? '2000,20000').split(',').map(Number);
const ROUNDS = Number(process.env['FOLLOW_ROUNDS'] ?? 6);
const ROUND_MS = 1000;
const TAIL_BYTES = 65_536; // the last batch and its checkpoint
const SETTLE_MS = 2000;
const KILL_MS = { least: 300, most: 1500 };
const RSYSLOG_PORT = 5140;
const LAB = path.join(process.env['XDG_CACHE_HOME'] ?? path.join(os.homedir(), '.cache'), 'relaypass/lab');

/** What a scenario may use in each of its rounds. */
interface Stage {
  readonly folder: string;
  readonly log: string;
  readonly writer: ChildProcess;
  readonly round: number;
  readonly rsyslogd: ChildProcess | undefined;
  readonly readers: readonly Reader[];
}

interface Scenario {
  readonly name: string;
  readonly round: (stage: Stage) => Promise<void> | void;
  readonly needs?: readonly string[];
  readonly prepare?: (log: string) => void;
}

const SCENARIOS: readonly Scenario[] = [
  { name: 'no rotation', round: () => undefined },
  {
    name: 'rename, create, reopen',
    round: (stage) => {
      rename(stage);
      reopen(stage);
    },
  },
  {
    name: 'reopened 200 ms later',
    round: async (stage) => {
      rename(stage);
      fs.writeFileSync(stage.log, '');
      await sleep(200);
      reopen(stage);
    },
  },
  {
    name: 'created 3 s later',
    round: async (stage) => {
      if (stage.round % 4 !== 0) return;
      rename(stage);
      await sleep(3000);
      reopen(stage);
    },
  },
  {
    name: 'twice within 20 ms',
    round: async (stage) => {
      rename(stage);
      reopen(stage);
      await sleep(20);
      rename(stage);
      reopen(stage);
    },
  },
  {
    name: 'renamed and gzipped',
    round: async (stage) => {
      rename(stage);
      reopen(stage);
      await sleep(50);
      await run('gzip', [`${stage.log}.1`]);
    },
  },
  {
    name: 'copytruncate',
    round: (stage) =>
      whilePaused(stage, () => {
        shift(stage.log);
        fs.copyFileSync(stage.log, `${stage.log}.1`);
        fs.truncateSync(stage.log);
      }),
  },
  {
    name: 'truncated, regrown',
    round: (stage) => whenRead(stage, () => fs.truncateSync(stage.log)),
  },
  {
    name: 'truncated to same size',
    round: (stage) =>
      whenRead(stage, () => {
        const { size } = fs.statSync(stage.log);
        fs.writeFileSync(stage.log, `${'-'.repeat(99)}\n`.repeat(Math.ceil(size / 100)).slice(-size));
      }),
  },
  {
    name: 'symlink switched',
    prepare: (log) => fs.symlinkSync(newTarget(log, 0), log),
    round: ({ log, round, writer }) => {
      fs.symlinkSync(newTarget(log, round + 1), `${log}.new`);
      fs.renameSync(`${log}.new`, log);
      writer.kill('SIGHUP');
    },
  },
  {
    name: 'unlinked, inode reused',
    round: (stage) =>
      whenRead(stage, () => {
        fs.unlinkSync(stage.log);
        reopen(stage);
      }),
  },
  { name: 'real logrotate', needs: ['logrotate'], round: (stage) => logrotate(stage, 'create', stage.writer) },
  { name: 'logrotate, rsyslogd', needs: ['logrotate', 'rsyslogd'], round: (stage) => logrotate(stage, 'create') },
];

function shift(log: string): void {
  for (let n = 20; n > 0; n -= 1) {
    for (const suffix of ['', '.gz']) {
      if (fs.existsSync(`${log}.${n}${suffix}`)) fs.renameSync(`${log}.${n}${suffix}`, `${log}.${n + 1}${suffix}`);
    }
  }
}

function rename({ log }: Stage): void {
  shift(log);
  fs.renameSync(log, `${log}.1`);
}

function reopen({ log, writer }: Stage): void {
  fs.closeSync(fs.openSync(log, 'a'));
  writer.kill('SIGHUP');
}

async function whilePaused({ writer }: Stage, work: () => Promise<void> | void): Promise<void> {
  writer.kill('SIGUSR2');
  if (writer.stdout !== null) await once(writer.stdout, 'data');
  await work();
  writer.kill('SIGUSR2');
}

/** Does what makes lines unreadable for good when relaypass, killed or not, has read all there are. */
async function whenRead(stage: Stage, work: () => void): Promise<void> {
  const { log, readers } = stage;
  await whilePaused(stage, async () => {
    const [, last = ''] = /n=(\d+)\n$/.exec(tailOf(log)) ?? [];
    const isBehind = ({ out, isOurs }: Reader) => isOurs && !new RegExp(`(?:^| )${last}\t`, 'm').test(tailOf(out));
    while (readers.some(isBehind)) await sleep(20);
    work();
  });
}

function tailOf(file: string): string {
  const { size } = fs.statSync(file);
  const fd = fs.openSync(file, 'r');
  const buffer = Buffer.alloc(Math.min(size, TAIL_BYTES));
  fs.readSync(fd, buffer, 0, buffer.length, size - buffer.length);
  fs.closeSync(fd);
  return buffer.toString('latin1');
}

function newTarget(log: string, number: number): string {
  const target = `${log}-target-${String.fromCharCode(97 + number)}`;
  fs.writeFileSync(target, '');
  return target;
}

async function logrotate({ folder, log, rsyslogd, writer }: Stage, how: string, logger = rsyslogd): Promise<void> {
  const config = path.join(folder, 'logrotate.conf');
  const signal = `kill -HUP ${(logger ?? writer).pid}`;
  const text = `${log} {\n  rotate 20\n  ${how}\n  compress\n  delaycompress\n  postrotate\n    ${signal}\n  endscript\n}\n`;
  fs.writeFileSync(config, text, { mode: 0o600 });
  await run(find('logrotate') ?? 'logrotate', ['--force', '--state', path.join(folder, 'state'), config]);
}

function startRsyslogd(folder: string, log: string): ChildProcess {
  const config = path.join(folder, 'rsyslog.conf');
  const text = `module(load="imtcp")
input(type="imtcp" port="${RSYSLOG_PORT}" address="127.0.0.1")
template(name="plain" type="string" string="%TIMESTAMP% %HOSTNAME% %syslogtag%%msg%\\n")
action(type="omfile" file="${log}" template="plain")
`;
  fs.writeFileSync(config, text);
  const modules = path.join(LAB, 'syslog/usr/lib/x86_64-linux-gnu/rsyslog');
  const args = ['-n', '-f', config, '-i', path.join(folder, 'rsyslogd.pid')];
  return start(find('rsyslogd') ?? '', fs.existsSync(modules) ? [...args, '-M', modules] : args);
}

/** An installed program, or one of the cache. */
function find(program: string): string | undefined {
  const folders = ['/usr/sbin', '/usr/bin', path.join(LAB, 'syslog/usr/sbin'), path.join(LAB, 'logrotate/usr/sbin')];
  return folders.map((folder) => path.join(folder, program)).find((file) => fs.existsSync(file));
}

function start(program: string, args: readonly string[], stdout: number | 'pipe' = 'pipe'): ChildProcess {
  const libraries = ['syslog', 'logrotate'].flatMap((name) =>
    ['lib', 'usr/lib'].map((lib) => path.join(LAB, name, lib, 'x86_64-linux-gnu')),
  );
  const env = { ...process.env, LD_LIBRARY_PATH: libraries.join(':') };
  return spawn(program, args, {
    stdio: ['ignore', stdout, 'ignore'],
    env: program.startsWith(LAB) ? env : process.env,
  });
}

async function run(program: string, args: readonly string[]): Promise<void> {
  await once(start(program, args), 'close');
}

const script = (name: string) => path.join(import.meta.dirname, `${name}.js`);

/** A reader, started anew as often as it is killed. */
class Reader {
  readonly name: string;
  readonly out: string;
  readonly #start: () => ChildProcess;
  readonly isOurs: boolean;
  readonly #isKilled: boolean;
  #process: ChildProcess | undefined;
  #isStopping = false;
  #killing: Promise<void> | undefined;

  constructor(name: string, folder: string, launch: (out: string) => ChildProcess, isKilled = false) {
    this.name = name;
    this.out = path.join(folder, `${name.replaceAll(' ', '-')}.out`);
    fs.writeFileSync(this.out, '');
    this.#start = () => launch(this.out);
    this.isOurs = name.startsWith('relaypass');
    this.#isKilled = isKilled;
  }

  start(): void {
    this.#process = this.#start();
    if (this.#isKilled) this.#killing = this.#killAgainAndAgain();
  }

  async endKilling(): Promise<void> {
    this.#isStopping = true;
    await this.#killing;
  }

  async stop(): Promise<void> {
    if (this.#process !== undefined) await stop(this.#process, 'SIGKILL');
  }

  /** How many of `written` lines never came, and how many came again. */
  count(written: number): string {
    const numbers = fs.readFileSync(this.out, 'latin1').split('\n').flatMap(numbersIn);
    const seen = new Set(numbers);
    return `${written - seen.size}/${numbers.length - seen.size}`;
  }

  async #killAgainAndAgain(): Promise<void> {
    while (!this.#isStopping) {
      await sleep(KILL_MS.least + Math.random() * (KILL_MS.most - KILL_MS.least));
      await this.stop();
      this.#process = this.#start();
    }
  }
}

/** Of a line of the log, or of one that follow-reader wrote. */
function numbersIn(line: string): string[] {
  const [, number] = /n=(\d+)$/.exec(line) ?? [];
  if (number !== undefined) return [number];
  return /^\d/.test(line) ? (line.split('\t')[0] ?? '').split(' ') : [];
}

function readersOf(folder: string, log: string): Reader[] {
  const ours = (kind: string) => (out: string) => start(process.execPath, [script('follow-reader'), kind, log, out]);
  return [
    new Reader('relaypass', folder, ours('relaypass')),
    new Reader('relaypass killed', folder, ours('relaypass'), true),
    new Reader('npm tail', folder, ours('tail')),
    new Reader('tail -F', folder, (out) => start('tail', ['-n', '+1', '-F', log], fs.openSync(out, 'a'))),
    new Reader('chokidar', folder, ours('chokidar')),
  ];
}

async function play(scenario: Scenario, rate: number): Promise<readonly string[]> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'relaypass-bench-'));
  const log = path.join(folder, 'mail.log');
  if (scenario.prepare === undefined) fs.writeFileSync(log, '');
  scenario.prepare?.(log);
  const rsyslogd = scenario.needs?.includes('rsyslogd') === true ? startRsyslogd(folder, log) : undefined;
  const readers = readersOf(folder, log);
  for (const reader of readers) reader.start();
  await sleep(SETTLE_MS);
  const target = rsyslogd === undefined ? log : `tcp:${RSYSLOG_PORT}`;
  const writer = start(process.execPath, [script('follow-writer'), target, String(rate)]);
  if (writer.stdout !== null) await once(writer.stdout, 'data');
  await sleep(ROUND_MS);
  for (let round = 0; round < ROUNDS; round += 1) {
    await scenario.round({ folder, log, writer, round, rsyslogd, readers });
    await sleep(ROUND_MS);
  }
  const written = await stopWriter(writer);
  for (const reader of readers) await reader.endKilling();
  await settle(readers);
  for (const reader of readers) await reader.stop();
  if (rsyslogd !== undefined) await stop(rsyslogd);
  const results = readers.map((reader) => reader.count(written));
  if (process.env['FOLLOW_KEEP'] === undefined) fs.rmSync(folder, { recursive: true });
  else process.stdout.write(`kept ${folder}\n`);
  return [scenario.name, String(rate), String(written), ...results];
}

async function stopWriter(writer: ChildProcess): Promise<number> {
  let text = '';
  writer.stdout?.on('data', (chunk: Buffer) => (text += chunk.toString()));
  await stop(writer);
  return Number(text);
}

async function stop(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return; // tail and chokidar may have given up
  const closed = once(child, 'exit');
  child.kill(signal);
  await closed;
}

/** Until no reader has written anything for a while. */
async function settle(readers: readonly Reader[]): Promise<void> {
  const sizes = () => readers.map(({ out }) => fs.statSync(out).size).join(' ');
  for (let before = ''; before !== sizes();) {
    before = sizes();
    await sleep(SETTLE_MS);
  }
}

const WIDTHS = [24, 6, 8, 12, 17, 14, 14, 14];
const row = (cells: readonly string[]) => `${cells.map((cell, i) => cell.padEnd(WIDTHS[i] ?? 0)).join('')}\n`;

process.stdout.write('lost/repeated lines\n');
process.stdout.write(row(['', 'rate', 'lines', 'relaypass', 'relaypass killed', 'npm tail', 'tail -F', 'chokidar']));
const wanted = process.argv.slice(2);
let isClean = true;
for (const rate of RATES) {
  for (const scenario of SCENARIOS) {
    if (wanted.length > 0 && !wanted.includes(scenario.name)) continue;
    const missing = scenario.needs?.filter((program) => find(program) === undefined) ?? [];
    if (missing.length > 0) {
      process.stdout.write(`${scenario.name}: skipped, no ${missing.join(', no ')}\n`);
      continue;
    }
    const cells = await play(scenario, rate);
    isClean &&= cells[3] === '0/0' && cells[4] === '0/0';
    process.stdout.write(row(cells));
  }
}
process.exitCode = isClean ? 0 : 1;
