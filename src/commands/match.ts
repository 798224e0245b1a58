import { systemClock } from '../clock.ts';
import { parseDuration } from '../config/duration.ts';
import { loadConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { EXIT, OperationalError, type ExitStatus } from '../errors.ts';
import { stderrLog } from '../log.ts';
import { admissionRules } from '../login/admission.ts';
import { readPattern } from '../pattern/file.ts';
import { loadAllPatterns, loadPatterns } from '../pattern/load.ts';
import { createJournalSource } from '../source/journal.ts';
import type { Batch, LogSource } from '../source/source.ts';
import { defineCommand, print } from './command.ts';
import { linesBatch, readFileLines, sizeOfInput } from './match-input.ts';
import { MatchRun, type Outcome, type Search } from './match-run.ts';
import { outcomeJson, renderOutcome, renderSummary } from './match-text.ts';
import { ProgressLine } from './progress-line.ts';
import { followLines } from './tail.ts';

interface MatchArgs {
  readonly config: string | undefined;
  /** `-` is standard input. */
  readonly file: string;
  readonly journal: boolean;
  readonly since: string;
  readonly follow: boolean;
  readonly lines: number;
  readonly missed: boolean;
  readonly failures: boolean;
  readonly json: boolean;
  readonly expect: number | undefined;
  readonly pattern: string | undefined;
}

const STDIN = '-';

/** `relaypass match`: which logins the patterns find in a log, and why a line is none. Writes nothing. */
export const command = defineCommand(
  (argv) =>
    argv
      .positional('file', { type: 'string', describe: 'Log file, .gz too; - is standard input' })
      .option('journal', { type: 'boolean', default: false, describe: 'Read the systemd journal' })
      .option('since', {
        type: 'string',
        requiresArg: true,
        default: '24h',
        describe: 'With --journal: how far back to start',
      })
      .option('follow', { type: 'boolean', default: false, describe: 'Go on with the lines to come' })
      .option('lines', { type: 'number', default: 10, describe: 'With --follow: how many last lines to start with' })
      .option('missed', { type: 'boolean', default: false, describe: 'Tell why each other line is no login' })
      .option('failures', { type: 'boolean', default: false, describe: 'Tell of failed logins too, as show does' })
      .option('json', { alias: 'jsonl', type: 'boolean', default: false, describe: 'Print a JSON object a line' })
      .option('expect', { type: 'number', describe: 'Fail (65) unless this many logins are found and admitted' })
      .option('pattern', {
        type: 'string',
        requiresArg: true,
        describe: 'Only this pattern file, with samples or without',
      })
      .example('$0 match /var/log/mail.log', 'which logins would count?')
      .example('$0 match --missed --pattern mine.toml sample.log', 'why does my pattern not match?'),
  // yargs hands a lone `-` on as an empty text
  ({ file, ...args }) => match({ ...args, file: file === undefined || file === '' ? STDIN : file }),
);

async function match(args: MatchArgs): Promise<ExitStatus> {
  const run = createRun(args);
  const progress = new ProgressLine(args.journal ? undefined : sizeOfInput(args.file));
  const tell = (outcome: Outcome) => {
    if (outcome.kind === 'missed' && !args.missed) return;
    progress.clear();
    print(args.json ? outcomeJson(outcome) : renderOutcome(outcome));
  };
  await untilEnough((signal) =>
    readInput(args, signal, (batch) => {
      for (const outcome of run.feed(batch, systemClock())) tell(outcome);
      if (batch.kind === 'lines' && !args.follow) progress.advance(batch.bytes.length);
    }),
  );
  progress.clear();
  print(args.json ? JSON.stringify({ kind: 'summary', ...run.summary }) : renderSummary(run.summary));
  return args.expect === undefined || args.expect === run.summary.logins ? EXIT.ok : EXIT.dataErr;
}

async function readInput(args: MatchArgs, signal: AbortSignal, feed: (batch: Batch) => void): Promise<void> {
  const { file, journal, follow, lines } = args;
  if (journal && file !== STDIN) throw usage('--journal and a file: one of them, please');
  if (follow && file === STDIN && !journal) throw usage('--follow needs a file or --journal');
  if (journal) return feedAll(readJournal(args, signal), feed);
  if (!follow) return feedAll(readFileLines(file), feed);
  return followLines(file, lines, (line) => feed(linesBatch(line)), signal);
}

async function feedAll(batches: AsyncIterable<Batch>, feed: (batch: Batch) => void): Promise<void> {
  for await (const batch of batches) feed(batch);
}

async function* readJournal({ since, follow }: MatchArgs, signal: AbortSignal): AsyncGenerator<Batch> {
  const backMs = parseDuration(since);
  if (backMs === undefined) throw usage(`--since: expected a duration such as "24h", found "${since}"`);
  const source = createJournalSource({ clock: systemClock, follow });
  await source.start(undefined, systemClock() - backMs);
  try {
    yield* readSource(source, signal);
  } finally {
    await source.stop();
  }
}

async function* readSource(source: LogSource, signal: AbortSignal): AsyncGenerator<Batch> {
  while (!signal.aborted) {
    const batch = await source.read();
    if (batch !== undefined) yield batch;
    else if (source.isEnded === true) return;
    else await source.wait(signal);
  }
}

/** Runs `work` until it is done or the person who looks on has seen enough. */
async function untilEnough(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const enough = new AbortController();
  const stop = () => enough.abort();
  process.once('SIGINT', stop).once('SIGTERM', stop);
  try {
    await work(enough.signal);
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop);
  }
}

function usage(reason: string): OperationalError {
  return new OperationalError('usage', EXIT.usage, `match: ${reason}`);
}

function createRun(args: MatchArgs): MatchRun {
  const { file, journal } = args;
  const config = loadConfig(args.config);
  const source = journal ? 'journal' : file === STDIN ? 'stdin' : `file:${file}`;
  return new MatchRun(searchFor(args, config), admissionRules(config.admission, config.grace), source);
}

/** Failed logins by whatever patterns there are, as for `show`. */
function searchFor({ pattern, failures }: MatchArgs, config: Config): Search {
  const own = pattern === undefined ? undefined : [readPattern(pattern)];
  return {
    logins: own ?? loadPatterns(config.patterns, stderrLog()),
    failures: failures ? (own ?? loadAllPatterns(config.patterns, stderrLog())) : undefined,
  };
}
