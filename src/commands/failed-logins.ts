/**
 * Reads of an address or a user what logins failed lately, from the logs themselves: the daemon keeps nothing of them.
 *
 * Limits: after {@link PATIENCE_MS} the rest is left unread, and that is said; standard input cannot be read twice.
 */
import { systemClock } from '../clock.ts';
import { formatDuration } from '../config/duration.ts';
import type { Config, SourceConfig } from '../config/schema.ts';
import { OperationalError } from '../errors.ts';
import type { Log } from '../log.ts';
import { parseAddress } from '../login/address.ts';
import { FailureReader, type Failure } from '../pattern/failures.ts';
import { stampOf } from '../pattern/header.ts';
import { loadAllPatterns } from '../pattern/load.ts';
import type { Pattern } from '../pattern/pattern.ts';
import { singles } from '../pattern/singles.ts';
import { detectSources } from '../source/detect.ts';
import { createFileSource } from '../source/file.ts';
import { createJournalSource } from '../source/journal.ts';
import type { Batch, LogSource, Notice } from '../source/source.ts';

/** Plain JSON, as `show --json` prints it. */
export interface FailedLogins {
  /** From when on the logs were read. */
  readonly since: number;
  readonly count: number;
  readonly firstAt: number | undefined;
  /** The newest of them, the last one at the end. */
  readonly last: readonly Failure[];
  /** Sources that told nothing, or not all, and why. */
  readonly unread: readonly Unread[];
}

interface Unread {
  readonly source: string;
  readonly why: string;
}

interface Host {
  readonly config: Config;
  readonly log: Log;
}

const FAILURES_SHOWN = 5;
const PATIENCE_MS = 10_000; // a person waits

export interface Question {
  /** From when on, epoch milliseconds. */
  readonly since: number;
  readonly concerns: (failure: Failure) => boolean;
  /** How long somebody waits for an answer. @default 10000 */
  readonly patienceMs?: number;
}

/** The failures that are asked for, of all sources and whatever patterns are in use. */
export async function readFailedLogins({ config, log }: Host, question: Question): Promise<FailedLogins> {
  const { since, concerns } = question;
  const patience = new Patience(question.patienceMs ?? PATIENCE_MS);
  const patterns = loadAllPatterns(config.patterns, log);
  const seen = new Newest();
  const unread: Unread[] = [];
  for (const source of config.source ?? detectSources('/', systemClock()).sources) {
    const reading = { patterns, since, patience, take: (failure: Failure) => concerns(failure) && seen.add(failure) };
    unread.push(...(await readSource(source, reading)));
  }
  return { since, ...seen.facts(), unread };
}

/** Counts failures and keeps the newest. */
class Newest {
  #count = 0;
  #firstAt: number | undefined;
  #last: Failure[] = [];

  add(failure: Failure): void {
    this.#count++;
    this.#firstAt = Math.min(failure.at, this.#firstAt ?? Infinity);
    this.#last = [...this.#last, failure].toSorted((a, b) => a.at - b.at).slice(-FAILURES_SHOWN);
  }

  facts(): Pick<FailedLogins, 'count' | 'firstAt' | 'last'> {
    return { count: this.#count, firstAt: this.#firstAt, last: this.#last };
  }
}

interface Reading {
  readonly patterns: readonly Pattern[];
  readonly since: number;
  readonly patience: Patience;
  readonly take: (failure: Failure) => void;
}

/** By the clock, not by a timer alone: none fires while a log is read, which waits for nothing. */
class Patience {
  /** For people. */
  readonly limit: string;
  readonly signal: AbortSignal;
  readonly #endsAt: number;

  constructor(ms: number) {
    this.limit = formatDuration(ms);
    this.signal = AbortSignal.timeout(ms);
    this.#endsAt = performance.now() + ms;
  }

  get isOver(): boolean {
    return performance.now() >= this.#endsAt;
  }
}

async function readSource(config: SourceConfig, reading: Reading): Promise<Unread[]> {
  const source = openSource(config);
  if (source === undefined) return [{ source: 'stdin', why: 'what came from there is not kept' }];
  try {
    const why = await readToEnd(source, reading);
    return why.map((each) => ({ source: source.id, why: each }));
  } catch (error) {
    if (error instanceof OperationalError) return [{ source: source.id, why: error.message }];
    throw error;
  } finally {
    await source.stop();
  }
}

function openSource(config: SourceConfig): LogSource | undefined {
  if ('stdin' in config) return undefined;
  if ('journal' in config) return createJournalSource({ clock: systemClock, follow: false });
  return createFileSource(config.file, { clock: systemClock, watch: false, stampOf: stampOfLine });
}

function stampOfLine(line: string): number | undefined {
  return stampOf(Buffer.from(line), systemClock());
}

/** Hands on the failures up to where the log ends now; tells what is in the way of that. */
async function readToEnd(source: LogSource, reading: Reading): Promise<string[]> {
  const { patterns, since, patience } = reading;
  const reader = new FailureReader(patterns, source.id);
  const troubles: string[] = [];
  await source.start(undefined, since);
  while (!patience.isOver) {
    const batch = await source.read();
    if (batch !== undefined) {
      troubles.push(...troublesOf(batch));
      takeFailures(batch, reader, reading);
    } else if (source.isEnded === false)
      await source.wait(patience.signal); // the journal
    else return troubles;
  }
  return [...troubles, `not read to its end within ${patience.limit}: ask again with a shorter --since`];
}

function takeFailures(batch: Batch, reader: FailureReader, { since, patience, take }: Reading): void {
  for (const single of singles(batch)) {
    if (patience.isOver) return;
    for (const failure of reader.read(single, systemClock(), since)) take(canonical(failure));
  }
}

/** With its address as all addresses are written, where it is one. */
export function canonical(failure: Failure): Failure {
  const parsed = parseAddress(failure.address);
  return parsed.ok ? { ...failure, address: parsed.address } : failure;
}

function troublesOf({ notices }: Batch): string[] {
  return notices.flatMap((notice) => TROUBLES[notice.kind]?.(notice) ?? []);
}

const TROUBLES: Readonly<Partial<Record<Notice['kind'], (notice: Notice) => string>>> = {
  'log-missing': () => 'there is no such log',
  'log-unreadable': () => 'no permission to read it: "relaypass check" tells what is missing',
  'data-lost': ({ detail }) => detail,
};
