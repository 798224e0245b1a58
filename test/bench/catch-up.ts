/**
 * A backlog of 1 GB, beside what else could read it.    npm run bench:catch-up      BENCH_BYTES=1e9 BENCH_ROUNDS=5
 *
 * The pipeline is bundled into one file as the daemon is. fail2ban-regex and the Perl watcher read a part of the log,
 * since they take minutes; their times are scaled up.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { build } from 'esbuild';
import { quirks } from '../../packaging/bundle/quirks.ts';
import { PACKAGE_DIR } from '../../src/package.ts';
import { has, sideBySide, type Run } from './measure.ts';
import { writeMailLog } from './mail-log.ts';
import { report, time, type Row } from './report.ts';

const BYTES = Number(process.env['BENCH_BYTES'] ?? 1e9);
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 5);
const PART = 0.02; // of the log, for what takes minutes
const FOLDER = path.join(os.tmpdir(), 'relaypass-bench');
const LOG = path.join(FOLDER, 'mail.log');
const SHORT = path.join(FOLDER, 'short.log');
const NEEDLES = path.join(FOLDER, 'needles');
const STORE = path.join(FOLDER, 'store');
const PIPELINE = path.join(PACKAGE_DIR, 'dist/bench/pipeline.cjs');
const WATCHER = path.join(PACKAGE_DIR, 'test/bench/watcher.pl');
const WATCHED = path.join(FOLDER, 'watched.db');
const HALF_HOUR_MS = 1_800_000;
const DAY_MS = 86_400_000;

mkdirSync(FOLDER, { recursive: true });
await build({
  entryPoints: [path.join(import.meta.dirname, 'pipeline-process.js')],
  outfile: PIPELINE,
  bundle: true,
  platform: 'node',
  target: 'node20.19',
  format: 'cjs',
  define: { 'import.meta.dirname': '__dirname' },
  plugins: [quirks],
  logLevel: 'error',
});
const shape = { seed: 1, endAt: Date.now(), addresses: 50_000 };
const { lines, logins } = writeMailLog(LOG, { ...shape, bytes: BYTES });
writeMailLog(SHORT, { ...shape, bytes: BYTES * PART });
writeFileSync(
  NEEDLES,
  Array.from({ length: 25 }, (_, index) => `server${index}: LOGIN, user=`).join('\n') + '\nLogin: user=<\n',
);
process.stdout.write(`${LOG}: ${lines} lines, ${logins} logins, seed ${shape.seed}\n`);

const node = process.execPath;
const failRegex = String.raw`^\s*\S+ dovecot: (?:imap|pop3)-login: Login: user=<[^>]*>, method=\S+, rip=<HOST>, lip=`;
const fail2ban = process.env['FAIL2BAN_REGEX'] ?? 'fail2ban-regex';
const perl = String.raw`perl -ne '$n{$1}++ if /^\S+ \S+ dovecot: (?:imap|pop3)-login: Login: user=<[^>]*>, .*rip=([0-9a-f.:]+),/; END { print scalar keys %n }'`;
const nodeLoop = String.raw`require("readline").createInterface({input:require("fs").createReadStream(process.argv[1])}).on("line",l=>/dovecot: (?:imap|pop3)-login: Login: user=<[^>]*>, .*rip=([0-9a-f.:]+),/.exec(l))`;

const full = sideBySide(
  {
    'grep -cF': `grep -cF 'Login: user=<' ${LOG}`,
    'relaypass, 30 min of grace': `${node} ${PIPELINE} ${LOG} ${STORE} ${HALF_HOUR_MS}`,
    'the same with the patterns that are off by default': `${node} ${PIPELINE} ${LOG} ${STORE} ${HALF_HOUR_MS} all`,
    'grep -F -f, 26 needles': `grep -cF -f ${NEEDLES} ${LOG}`,
    'wc -l': `wc -l ${LOG}`,
    ...(has('rg') && { 'ripgrep -cF': `rg -cF 'Login: user=<' ${LOG}` }),
  },
  ROUNDS,
);
const slow = sideBySide(
  {
    'relaypass, a day of grace: every login kept': `${node} ${PIPELINE} ${LOG} ${STORE} ${DAY_MS}`,
    'Perl, one regex a line, nothing stored': `${perl} ${LOG}`,
    'Node readline, one regex a line, nothing stored': `${node} -e '${nodeLoop}' ${LOG}`,
  },
  Math.min(ROUNDS, 3),
);
const FAIL2BAN = 'fail2ban-regex';
const PERL_WATCHER = 'Perl watcher, a regex a server tried in turn, a DB_File';
const targets: Readonly<Record<string, number>> = { [FAIL2BAN]: 80, [PERL_WATCHER]: 10 };
const scaled = sideBySide(
  {
    [PERL_WATCHER]: `rm -f ${WATCHED}; perl ${WATCHER} ${WATCHED} ${SHORT}`,
    ...((existsSync(fail2ban) || has(fail2ban)) && {
      [FAIL2BAN]: `${process.env['FAIL2BAN_ENV'] ?? ''} ${fail2ban} ${SHORT} '${failRegex}'`,
    }),
  },
  2,
);

const grep = full.get('grep -cF');
const ours = full.get('relaypass, 30 min of grace');
if (grep === undefined || ours === undefined) throw new Error('grep or the pipeline cannot be run');
const rows: Row[] = [...full, ...slow].map(([what, run]) => ({
  what,
  measured: figures(run, grep),
  ...targetOf(what, run, grep, ours),
}));
for (const [what, run] of scaled) {
  const whole = { wallS: run.wallS / PART, cpuS: run.cpuS / PART };
  rows.push({
    what: `${what}, scaled up from ${PART * 100} %`,
    measured: figures(whole, grep),
    ...ratioTarget(whole, ours, targets[what] ?? 1),
  });
}
const { stdout } = spawnSync(node, [PIPELINE, LOG, STORE, String(DAY_MS)], { encoding: 'utf8' });
const { rssMb, ownMb, entries }: { rssMb: number; ownMb: number; entries: number } = JSON.parse(stdout);
rows.push({
  what: `greatest RSS on the way, every login kept (${entries} entries)`,
  measured: `${rssMb} MiB, of which ${ownMb} MiB its own and the rest pages of files`,
  target: '< 120 MiB',
  isMet: rssMb < 120,
});
report('catch-up', rows);

function figures({ wallS, cpuS }: Run, base: Run): string {
  return `${time(wallS)} (${(wallS / base.wallS).toFixed(1)} x grep), CPU ${time(cpuS)} (${(cpuS / base.cpuS).toFixed(1)} x)`;
}

/** The clock of a machine with other work says little: the processor's time counts. */
function targetOf(what: string, run: Run, base: Run, own: Run): Pick<Row, 'target' | 'isMet'> {
  if (run === own || what.startsWith('the same'))
    return { target: '<= 2.5 x grep', isMet: run.cpuS <= 2.5 * base.cpuS };
  if (what.startsWith('grep -F -f')) return { target: 'slower than relaypass', isMet: run.cpuS > own.cpuS };
  return { target: '', isMet: undefined };
}

function ratioTarget(run: Run, own: Run, times: number): Pick<Row, 'target' | 'isMet'> {
  return {
    target: `>= ${times} x relaypass; is ${(run.cpuS / own.cpuS).toFixed(1)} x`,
    isMet: run.cpuS >= times * own.cpuS,
  };
}
