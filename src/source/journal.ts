/**
 * Reads the systemd journal, as records whose sender journald vouches for.
 *
 * Promises: every entry after the checkpoint that is not too old to be of use at the start is given once, in the
 * journal's order, also when journalctl or relaypass is killed. An entry of more than one line is refused: what looks like a login in its second line is somebody's text.
 *
 * Limits: what journald's rate limit or its size limit took away was never there to be read. Where the stored cursor is
 * of no use, what was logged in the second of the last entry comes again.
 *
 * The checkpoint: `{ version: 1, cursor, at }`, the last entry that was given and when it was logged.
 */
import * as z from 'zod';
import type { Clock } from '../clock.ts';
import { Journalctl, type Ending, type Position } from './journalctl.ts';
import { parseEntry, type JournalEntry } from './journal-record.ts';
import { Pipe } from './pipe.ts';
import { LINE_CAP_BYTES, type Batch, type Checkpoint, type LogRecord, type LogSource, type Notice } from './source.ts';
import { Waker } from './waker.ts';

export interface JournalSourceOptions {
  readonly clock: Clock;
  /** The program that prints the journal. @default "journalctl" */
  readonly command?: string;
  /** Whether to go on with the entries to come; without, the source ends where the journal does now. @default true */
  readonly follow?: boolean;
}

export function createJournalSource(options: JournalSourceOptions): LogSource {
  return new JournalSource(options);
}

const ENTRY_CAP_BYTES = 262_144; // a message of the cap's length, as an array of numbers, and the fields beside it
/** Before the lines that count: ten minutes for what they are joined with, and ten for a clock that was set back. */
const SLACK_MS = 1_200_000;
/** Less is read, whatever it is. */
const FAR_MS = 3_600_000;
const FIRST_RETRY_MS = 1000;
const LAST_RETRY_MS = 60_000;
const MAX_TAGS_TOLD = 100; // a tag is anybody's to choose

const checkpointSchema = z.strictObject({ version: z.literal(1), cursor: z.string(), at: z.number() });
type Last = z.output<typeof checkpointSchema>;

class JournalSource implements LogSource {
  readonly id = 'journal';
  readonly #clock: Clock;
  readonly #command: string;
  readonly #follow: boolean;
  readonly #waker = new Waker();
  readonly #tagsTold = new Set<string>();
  #journalctl: Journalctl | undefined;
  #pipe: Pipe | undefined;
  #since = 0;
  /** The last entry that was given. */
  #last: Last | undefined;
  /** Not after the last entry's cursor: the journal does not know it, or it lies too far back. */
  #goesByTime = false;
  #retryAt = 0;
  #retryMs = FIRST_RETRY_MS;
  #notices: Notice[] = [];
  #isAway = false;
  #isEnded = false;

  constructor({ clock, command = 'journalctl', follow = true }: JournalSourceOptions) {
    this.#clock = clock;
    this.#command = command;
    this.#follow = follow;
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  start(checkpoint: Checkpoint | undefined, since: number): Promise<void> {
    this.#since = since;
    this.#last = checkpointSchema.safeParse(checkpoint).data;
    if (checkpoint !== undefined && this.#last === undefined) {
      this.#tell('data-lost', 'the stored position in the journal is damaged: reading again what may still matter');
    }
    if (this.#last !== undefined && this.#last.at < since - SLACK_MS - FAR_MS) this.#passBy(this.#last.at);
    return Promise.resolve();
  }

  /** By time: journald never lets time go back in one of its files, so journalctl finds whatever is younger. */
  #passBy(lastAt: number): void {
    this.#goesByTime = true;
    const [from, until] = [lastAt, this.#since].map((at) => new Date(at).toISOString());
    this.#tell('passed-by', `the journal: entries between ${from} and ${until}, too old to be of use`);
  }

  async read(): Promise<Batch | undefined> {
    if (this.#pipe === undefined && !this.#isEnded && this.#clock() >= this.#retryAt) this.#open();
    const entries = this.#takeEntries();
    this.#endWith(this.#journalctl?.ending);
    const records = entries.flatMap((entry) => this.#accept(entry));
    const notices = this.#notices;
    this.#notices = [];
    if (entries.length === 0 && notices.length === 0) return undefined;
    return { kind: 'records', records, notices, checkpoint: this.#last ?? {} };
  }

  wait(signal: AbortSignal): Promise<void> {
    const untilRetryMs = this.#pipe === undefined ? Math.max(0, this.#retryAt - this.#clock()) : undefined;
    return this.#waker.wait(signal, untilRetryMs);
  }

  async stop(): Promise<void> {
    await this.#journalctl?.stop();
    this.#journalctl = undefined;
  }

  #open(): void {
    const wake = () => this.#waker.wake();
    this.#journalctl = new Journalctl(this.#command, this.#position(), this.#follow, wake);
    this.#pipe = new Pipe(this.#journalctl.output, ENTRY_CAP_BYTES, wake);
  }

  #position(): Position {
    if (this.#last === undefined) return { since: this.#since };
    return this.#goesByTime
      ? { since: Math.max(this.#since - SLACK_MS, this.#last.at) }
      : { cursor: this.#last.cursor };
  }

  #takeEntries(): JournalEntry[] {
    if (this.#pipe === undefined) return [];
    const { bytes, tooLong } = this.#pipe.take();
    if (tooLong > 0) this.#tell('line-too-long', `entries of more than ${ENTRY_CAP_BYTES} bytes were dropped`, tooLong);
    const lines = bytes.toString('utf8').split('\n');
    const entries = lines
      .flatMap((line) => parseEntry(line) ?? [])
      .filter(({ cursor }) => cursor !== this.#last?.cursor);
    const last = entries.at(-1);
    if (last !== undefined) this.#arrive(last);
    return entries;
  }

  #arrive({ cursor, at }: JournalEntry): void {
    this.#last = { version: 1, cursor, at };
    this.#goesByTime = false;
    this.#retryMs = FIRST_RETRY_MS;
    if (this.#isAway) this.#tell('log-back', 'the journal is being read');
    this.#isAway = false;
  }

  /** The entry's record, unless it is none that may be matched. */
  #accept({ record }: JournalEntry): LogRecord[] {
    if (record === undefined) return [];
    if (record.message.length >= LINE_CAP_BYTES) {
      this.#tell('line-too-long', `an entry of ${record.tag} with more than ${LINE_CAP_BYTES} bytes was dropped`, 1);
      return [];
    }
    if (!record.message.includes('\n')) return [record];
    if (this.#tagsTold.has(record.tag) || this.#tagsTold.size >= MAX_TAGS_TOLD) return [];
    this.#tagsTold.add(record.tag); // many programs log so, and none that logs logins: once is enough
    this.#tell('data-lost', `entries of ${record.tag} with line breaks are not read, this one and any other`);
    return [];
  }

  #endWith(ending: Ending | undefined): void {
    if (ending?.kind === 'fatal') throw ending.error;
    if (ending === undefined || this.#pipe?.isOver !== true) return;
    this.#journalctl = undefined;
    this.#pipe = undefined;
    this.#isEnded = !this.#follow;
    if (this.#isEnded) {
      if (ending.kind === 'ended' && !ending.isClean) this.#tell('data-lost', ending.detail);
      return;
    }
    if (ending.kind === 'bad-cursor' && this.#last !== undefined && !this.#goesByTime) {
      this.#goesByTime = true;
      this.#retryAt = this.#clock();
      return this.#tell('data-lost', 'the journal no longer knows the stored position: going on by time');
    }
    const detail = ending.kind === 'ended' ? ending.detail : 'journalctl refused to start';
    if (!this.#isAway) this.#tell('log-missing', `${detail}; starting it again`);
    this.#isAway = true;
    this.#retryAt = this.#clock() + this.#retryMs;
    this.#retryMs = Math.min(2 * this.#retryMs, LAST_RETRY_MS);
  }

  #tell(kind: Notice['kind'], detail: string, count?: number): void {
    this.#notices.push({ kind, detail, count });
  }
}
