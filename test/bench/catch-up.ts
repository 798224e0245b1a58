/**
 * A backlog of 1 GB, beside what else could read it.    npm run bench:catch-up      BENCH_BYTES=1e9 BENCH_ROUNDS=5
 *
 * The daemon is the real one, from its start until its map has the last login. fail2ban-regex and the Perl watcher read
 * a part of the log, since they take minutes; their times are scaled up.
 */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { PACKAGE_DIR } from '../../src/package.ts';
import { SHIPPED_PATTERNS } from '../../src/pattern/load.ts';
import { Backlog, writeBacklog, type CatchUp } from './backlog.ts';
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
const WATCHER = path.join(PACKAGE_DIR, 'test/bench/watcher.pl');
const WATCHED = path.join(FOLDER, 'watched.db');
const EVERY_PATTERN = readdirSync(SHIPPED_PATTERNS).flatMap((name) => /^(.*)\.toml$/.exec(name)?.[1] ?? []);

mkdirSync(FOLDER, { recursive: true });
const shape = { seed: 1, endAt: Date.now(), addresses: 50_000, bytes: BYTES };
const halfHour = new Backlog(LOG);
const everyLine = new Backlog(LOG, { hasSession: true });
const tables = `[patterns]\nuse = ${JSON.stringify(EVERY_PATTERN)}\n`;
const everyPattern = new Backlog(LOG, { tables, hasSession: true });
const day = new Backlog(LOG, { grace: '1d' });
const backlogs = [halfHour, everyLine, everyPattern, day];
for (const backlog of backlogs) await backlog.prepare(shape);
const { lines, logins } = writeBacklog(LOG, shape);
writeMailLog(SHORT, { ...shape, bytes: BYTES * PART });
writeFileSync(
  NEEDLES,
  Array.from({ length: 25 }, (_, index) => `server${index}: LOGIN, user=`).join('\n') + '\nLogin: user=<\n',
);
process.stdout.write(`${LOG}: ${lines} lines, ${logins} logins, seed ${shape.seed}\n`);

const node = process.execPath;
const days: CatchUp[] = [];
const failRegex = String.raw`^\s*\S+ dovecot: (?:imap|pop3)-login: Login: user=<[^>]*>, method=\S+, rip=<HOST>, lip=`;
const fail2ban = process.env['FAIL2BAN_REGEX'] ?? 'fail2ban-regex';
const perl = String.raw`perl -ne '$n{$1}++ if /^\S+ \S+ dovecot: (?:imap|pop3)-login: Login: user=<[^>]*>, .*rip=([0-9a-f.:]+),/; END { print scalar keys %n }'`;
const nodeLoop = String.raw`require("readline").createInterface({input:require("fs").createReadStream(process.argv[1])}).on("line",l=>/dovecot: (?:imap|pop3)-login: Login: user=<[^>]*>, .*rip=([0-9a-f.:]+),/.exec(l))`;

const EVERY_LINE = 'the same with a session open in the store: every line read';
const full = await sideBySide(
  {
    'grep -cF': `grep -cF 'Login: user=<' ${LOG}`,
    'relaypass, 30 min of grace': () => halfHour.catchUp(),
    [EVERY_LINE]: () => everyLine.catchUp(),
    'the same with the patterns that are off by default, every line read': () => everyPattern.catchUp(),
    'grep -F -f, 26 needles': `grep -cF -f ${NEEDLES} ${LOG}`,
    'wc -l': `wc -l ${LOG}`,
    ...(has('rg') && { 'ripgrep -cF': `rg -cF 'Login: user=<' ${LOG}` }),
  },
  ROUNDS,
);
const slow = await sideBySide(
  {
    'relaypass, a day of grace: every login kept': async () => {
      const run = await day.catchUp();
      days.push(run);
      return run;
    },
    'Perl, one regex a line, nothing stored': `${perl} ${LOG}`,
    'Node readline, one regex a line, nothing stored': `${node} -e '${nodeLoop}' ${LOG}`,
  },
  Math.min(ROUNDS, 3),
);
const FAIL2BAN = 'fail2ban-regex';
const PERL_WATCHER = 'Perl watcher, a regex a server tried in turn, a DB_File';
const targets: Readonly<Record<string, number>> = { [FAIL2BAN]: 80, [PERL_WATCHER]: 10 };
const scaled = await sideBySide(
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
const everyLineRead = full.get(EVERY_LINE);
if (grep === undefined || ours === undefined || everyLineRead === undefined)
  throw new Error('grep or the pipeline cannot be run');
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
    ...ratioTarget(whole, ours, everyLineRead, targets[what] ?? 1),
  });
}
const peaks = days.toSorted((one, other) => one.peakRssMb - other.peakRssMb)[Math.floor(days.length / 2)];
if (peaks === undefined) throw new Error('no backlog of a day');
rows.push({
  what: `greatest RSS on the way, every login kept (${peaks.permitted} entries)`,
  measured: `${peaks.peakRssMb} MiB; ${peaks.peakOwnMb} MiB are its own, the rest pages of files`,
  target: '< 120 MiB',
  isMet: peaks.peakRssMb < 120,
});
report('catch-up', rows);
for (const backlog of backlogs) await backlog.remove();

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

/** Who else reads the log reads every line, so that is told too. */
function ratioTarget(run: Run, own: Run, everyLineOfOwn: Run, times: number): Pick<Row, 'target' | 'isMet'> {
  const [is, wouldBe] = [own, everyLineOfOwn].map(({ cpuS }) => (run.cpuS / cpuS).toFixed(1));
  return {
    target: `>= ${times} x relaypass; is ${is} x, and ${wouldBe} x where that reads every line`,
    isMet: run.cpuS >= times * own.cpuS,
  };
}
