/**
 * `relaypass demo`: the whole main job without a mail server and without root. A writer appends login lines, shaped
 * like those of several servers, to a log in a temporary folder; the real daemon follows it with a grace of seconds;
 * what happens to the entries and to the map is told in plain words.
 */
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { systemClock } from '../clock.ts';
import { configSchema, type Config } from '../config/schema.ts';
import { checkToml } from '../config/toml.ts';
import { Daemon } from '../daemon.ts';
import { EXIT } from '../errors.ts';
import { createLog } from '../log.ts';
import { createAmender } from '../map/amend.ts';
import { createBuilder } from '../map/build.ts';
import { resolveMaps } from '../map/target.ts';
import { hostTools } from '../map/tools.ts';
import { Tally } from '../metrics/tally.ts';
import { loadPatterns } from '../pattern/load.ts';
import { createSources } from '../source/create.ts';
import { defineCommand, print } from './command.ts';

const GRACE_MS = 12_000; // far below what a configuration may say: nobody watches for half an hour
const STEP_MS = 2500;
const LOOK_MS = 100;

export const command = defineCommand(
  (argv) =>
    argv
      .option('seconds', { type: 'number', default: Infinity, describe: 'Stop after so long' })
      .example('$0 demo', 'until Ctrl-C'),
  async ({ seconds }) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'relaypass-demo-'));
    try {
      await demonstrate(folder, seconds);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
    return EXIT.ok;
  },
);

async function demonstrate(folder: string, seconds: number): Promise<void> {
  const log = path.join(folder, 'mail.log');
  const map = path.join(folder, 'relay-addresses');
  writeFileSync(log, '');
  introduce(log, map);
  const ending = endsAfter(seconds);
  const daemon = await startDaemon(folder, log, map);
  await Promise.race([daemon.failure, Promise.all([tellMap(map, ending), writeLog(log, ending)])]);
  await daemon.stop();
  say('Stopped; the temporary folder is gone. The same daemon runs for real with "relaypass run".');
}

function introduce(log: string, map: string): void {
  say(`A mail server writes its log to ${log};`);
  say(`relaypass follows it, and lists in ${map} who may relay.`);
  say(`An address may relay for ${GRACE_MS / 1000} seconds after a login (for real: 30 minutes). Ctrl-C ends this.`);
}

/** Aborts after `seconds`, or at Ctrl-C. */
function endsAfter(seconds: number): AbortSignal {
  const ending = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => ending.abort());
  if (Number.isFinite(seconds)) globalThis.setTimeout(() => ending.abort(), seconds * 1000).unref();
  return ending.signal;
}

async function startDaemon(folder: string, file: string, map: string): Promise<Daemon> {
  const config: Config = {
    ...checkToml('demo', '', configSchema),
    grace: GRACE_MS,
    state_dir: folder,
    source: [{ file }],
    map: [
      { mta: 'none', type: 'text', path: map },
      { mta: 'none', type: 'cdb', path: path.join(folder, 'postfix') },
    ],
  };
  const log = createLog({ write: (line) => say(`  relaypass: ${line.trimEnd()}`), priorities: false, level: 'debug' });
  const tools = hostTools();
  const daemon = new Daemon({
    config,
    patterns: loadPatterns({ ...config.patterns, dir: path.join(folder, 'patterns.d') }, log),
    targets: resolveMaps(config.map, folder, tools),
    builder: createBuilder(tools),
    amender: createAmender(tools),
    lookups: [],
    createSources: () => createSources(config.source, { clock: systemClock, log, stampOf: () => undefined }),
    clock: systemClock,
    log,
    tally: new Tally(systemClock()),
  });
  await daemon.start();
  return daemon;
}

/** Says what the map permits, each time it has changed. */
async function tellMap(map: string, ending: AbortSignal): Promise<void> {
  let told: string | undefined;
  while (!ending.aborted) {
    const permitted = readFileSync(map, 'utf8').trim().split('\n').join(', ') || 'nobody';
    if (permitted !== told) say(`  the map permits: ${permitted}`);
    told = permitted;
    await pause(LOOK_MS, ending);
  }
}

async function writeLog(log: string, ending: AbortSignal): Promise<void> {
  while (!ending.aborted) {
    for (const { story, line } of SCENES) {
      await pause(STEP_MS, ending);
      if (ending.aborted) return;
      say(story);
      appendFileSync(log, `${new Date().toISOString()} mx ${line}\n`);
    }
    await pause(GRACE_MS, ending);
  }
}

/** Resolves early, and quietly, when the demonstration ends. */
async function pause(ms: number, ending: AbortSignal): Promise<void> {
  await setTimeout(ms, undefined, { signal: ending }).catch(() => undefined);
}

function say(text: string): void {
  print(`${new Date().toTimeString().slice(0, 8)} ${text}`);
}

const SCENES = [
  {
    story: 'Alice opens her mailbox (Dovecot, IMAP) at 198.51.100.7.',
    line: 'dovecot: imap-login: Login: user=<alice>, method=PLAIN, rip=198.51.100.7, lip=192.0.2.25, mpid=9, TLS, session=<x1>',
  },
  {
    story: 'The scanner in the hall fetches its mail (UW ipop3d) at 192.0.2.40.',
    line: 'ipop3d[50]: Login user=scanner host=scanner.example.org [192.0.2.40] nmsgs=0/0',
  },
  {
    story: 'Carol reads mail over IPv6 (Cyrus, IMAP) at 2001:db8::25.',
    line: 'cyrus/imaps[77]: login: [2001:db8::25] carol plaintext+TLS User logged in SESSIONID=<x4>',
  },
  {
    story: 'Alice looks for new mail: her time begins anew.',
    line: 'dovecot: imap-login: Login: user=<alice>, method=PLAIN, rip=198.51.100.7, lip=192.0.2.25, mpid=10, TLS, session=<x5>',
  },
  {
    story: 'Somebody at 203.0.113.66 guesses a password, and is wrong: that permits nothing.',
    line: 'dovecot: pop3-login: Disconnected (auth failed, 1 attempts in 2 secs): user=<alice>, method=PLAIN, rip=203.0.113.66, lip=192.0.2.25, session=<x2>',
  },
  {
    story: 'He tries again, with a whole login line as the user name: that permits nothing either.',
    line: 'dovecot: imap-login: Disconnected (auth failed, 1 attempts in 2 secs): user=<Login: user=<x>, rip=203.0.113.66, >, method=PLAIN, rip=203.0.113.66, lip=192.0.2.25, session=<x3>',
  },
] as const;
