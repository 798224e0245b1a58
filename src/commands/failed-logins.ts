/**
 * Reads of an address or a user what logins failed lately, from the logs themselves: the daemon keeps nothing of them.
 *
 * Limits: a log that takes longer than {@link PATIENCE_MS} to read is left there, and that is said; standard input
 * cannot be read twice.
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
  /** Aborts when nobody wants to wait any longer. @default after 10 seconds */
  readonly signal?: AbortSignal;
}

/** The failures that are asked for, of all sources and whatever patterns are in use. */
export async function readFailedLogins({ config, log }: Host, question: Question): Promise<FailedLogins> {
  const { since, concerns, signal = AbortSignal.timeout(PATIENCE_MS) } = question;
  const patterns = loadAllPatterns(config.patterns, log);
  const seen = new Newest();
  const unread: Unread[] = [];
  for (const source of config.source ?? detectSources('/', systemClock()).sources) {
    const reading = { patterns, since, signal, take: (failure: Failure) => concerns(failure) && seen.add(failure) };
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
  readonly signal: AbortSignal;
  readonly take: (failure: Failure) => void;
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
async function readToEnd(source: LogSource, { patterns, since, signal, take }: Reading): Promise<string[]> {
  const reader = new FailureReader(patterns, source.id);
  const troubles: string[] = [];
  await source.start(undefined, since);
  while (!signal.aborted) {
    const batch = await source.read();
    if (batch !== undefined) {
      for (const failure of reader.read(batch, systemClock(), since)) take(canonical(failure));
      troubles.push(...troublesOf(batch));
    } else if (source.isEnded === false)
      await source.wait(signal); // the journal
    else return troubles;
  }
  const limit = formatDuration(PATIENCE_MS);
  return [...troubles, `not read to its end within ${limit}: ask again with a shorter --since`];
}

function canonical(failure: Failure): Failure {
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
