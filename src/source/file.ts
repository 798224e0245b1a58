/**
 * Follows log files through everything a host does to its log.
 *
 * Promises: every whole line that was written while relaypass ran, or since its last commit, and that is not too old to
 * be of use when it starts, is given once, whatever happened to the file in between: renamed and created anew, at once or seconds later, while the logger still wrote to
 * the old file; copied and truncated; replaced behind a symbolic link; deleted and created with the same inode number;
 * rotated several times, renamed by number or by date, compressed by gzip, while relaypass was down. A reader that
 * ends at any moment goes on after the last checkpoint that was stored.
 *
 * Limits (docs/following.md explains each):
 * - what nobody kept: lines in a file that was truncated, overwritten or deleted before they were read, while relaypass
 *   was down or within a poll interval; copytruncate loses what is written between its copy and its truncation;
 * - a rotation into another folder, or into .xz, .zst or .bz2, while relaypass was down: told as `data-lost`;
 * - a symbolic link that was switched twice between two looks: the file in between is not known, unless its name is the
 *   log's with a number or a date behind it;
 * - lines of more than LINE_CAP_BYTES, and a last line that is never ended: dropped whole, and told;
 * - a line may come twice after a log was copied in the moment before its first line was read.
 */
import path from 'node:path';
import type { Clock } from '../clock.ts';
import { Availability } from './availability.ts';
import { fromCheckpoint, toCheckpoint, type FileRecords } from './checkpoint.ts';
import { FileFollower } from './follower.ts';
import type { GenerationRecord } from './generation.ts';
import { globMatcher } from './glob.ts';
import type { PassByOptions } from './pass-by.ts';
import { namesIn } from './siblings.ts';
import type { Batch, Checkpoint, LogSource, Notice } from './source.ts';
import { Waker } from './waker.ts';
import { watchFolder, type Watch } from './watch.ts';

export interface FileSourceOptions extends PassByOptions {
  readonly clock: Clock;
  /** How often the log is looked at, whatever the watch says; milliseconds. @default 200, or 1000 while the watch tells of each change */
  readonly pollMs?: number;
  /** Wake early when the log changes. @default true */
  readonly watch?: boolean;
}

/** Follows `file`, an absolute path whose last part may hold `*`; rotated files never count as logs of their own. */
export function createFileSource(file: string, options: FileSourceOptions): LogSource {
  return new FileSource(file, options);
}

const POLL_MS = 200; // what a login waits at most where watching does not work
const TRUSTED_POLL_MS = 1000; // where it does: each look at a quiet log wakes the processor

class FileSource implements LogSource {
  readonly id: string;
  readonly #file: string;
  readonly #folder: string;
  readonly #matches: ((name: string) => boolean) | undefined;
  readonly #options: FileSourceOptions;
  /** The next one to be read first. */
  readonly #followers = new Map<string, FileFollower>();
  readonly #availability: Availability;
  readonly #waker = new Waker();
  #watch: Watch | undefined;
  /** The watch has told of a change since the logs were last read to their end. */
  #isTold = false;
  /** It has told of something since it last missed a change. */
  #isTrusted = false;
  #notices: Notice[] = [];
  #since = 0;

  constructor(file: string, options: FileSourceOptions) {
    this.id = `file:${file}`;
    this.#file = file;
    this.#folder = path.dirname(file);
    this.#matches = globMatcher(path.basename(file));
    this.#options = options;
    this.#availability = new Availability(file);
  }

  start(checkpoint: Checkpoint | undefined, since: number): Promise<void> {
    this.#since = since;
    const records = this.#recordsOf(checkpoint);
    if (this.#matches === undefined) this.#follow(this.#file, records.get(this.#file));
    else for (const [file, generations] of records) this.#follow(file, generations);
    if (this.#options.watch !== false) this.#startWatch();
    return Promise.resolve();
  }

  async read(): Promise<Batch | undefined> {
    if (this.#matches !== undefined) this.#findLogs(this.#matches);
    for (const [file, follower] of this.#followers) {
      const reading = await follower.poll();
      if (reading === undefined) continue;
      this.#isTrusted &&= this.#isTold;
      this.#followers.delete(file); // to the end of the row, so that a busy log does not keep the others waiting
      this.#followers.set(file, follower);
      return this.#batch(reading.bytes, reading.notices);
    }
    this.#isTold = false;
    return this.#notices.length === 0 ? undefined : this.#batch(Buffer.alloc(0), []);
  }

  wait(signal: AbortSignal): Promise<void> {
    return this.#waker.wait(signal, this.#options.pollMs ?? (this.#isTrusted ? TRUSTED_POLL_MS : POLL_MS));
  }

  async stop(): Promise<void> {
    for (const follower of this.#followers.values()) follower.close();
    this.#followers.clear();
    const watch = this.#watch;
    this.#watch = undefined;
    await watch?.close();
  }

  #recordsOf(checkpoint: Checkpoint | undefined): FileRecords {
    if (checkpoint === undefined) return new Map();
    const records = fromCheckpoint(checkpoint);
    if (records !== undefined) return records;
    const detail = `the stored position in ${this.#file} is damaged: reading again what may still matter`;
    this.#notices.push({ kind: 'data-lost', detail, count: undefined });
    return new Map();
  }

  #follow(file: string, records: readonly GenerationRecord[] = []): void {
    this.#followers.set(file, new FileFollower(file, records, this.#since, this.#options));
  }

  #findLogs(matches: (name: string) => boolean): void {
    const files = new Set(
      namesIn(this.#folder)
        .filter(matches)
        .map((name) => path.join(this.#folder, name)),
    );
    for (const file of files) if (!this.#followers.has(file)) this.#follow(file);
    for (const [file, follower] of this.#followers) {
      if (files.has(file) || !follower.isIdle) continue;
      follower.close();
      this.#followers.delete(file);
    }
    const notice = this.#availability.update(files.size === 0 ? 'missing' : undefined, this.#options.clock());
    if (notice !== undefined) this.#notices.push(notice);
  }

  #startWatch(): void {
    const isOurs = this.#matches ?? ((name: string) => name === path.basename(this.#file));
    this.#watch = watchFolder(this.#folder, isOurs, () => {
      this.#isTold = true;
      this.#isTrusted = true;
      this.#waker.wake();
    });
  }

  #batch(bytes: Buffer, told: readonly Notice[]): Batch {
    const notices = [...this.#notices, ...told];
    this.#notices = [];
    const records = [...this.#followers].map(([file, follower]) => [file, follower.records()] as const);
    return { kind: 'lines', bytes, notices, checkpoint: toCheckpoint(new Map(records)) };
  }
}
