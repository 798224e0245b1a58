/**
 * Follows one log through whatever a host does to it; file.ts states the guarantee. It has no timers and no watches:
 * {@link FileFollower.poll} does all the work, so that a test can drive it step by step.
 */
import type { Clock } from '../clock.ts';
import { Availability } from './availability.ts';
import { Generation, type GenerationRecord } from './generation.ts';
import { Lineage, type LineageOptions } from './lineage.ts';
import { sightOf } from './listing.ts';
import { LINE_CAP_BYTES, type Notice } from './source.ts';

/** What one poll gave: whole lines, things to be told, or both. */
export interface Reading {
  readonly bytes: Buffer;
  readonly notices: readonly Notice[];
}

const NO_BYTES = Buffer.alloc(0);
const DRAIN_MS = 60_000; // loggers were seen to write to a renamed file for 3 s and more
const DELETED_MS = 3_600_000; // a deleted log that nothing has replaced may still be the one that is written to
const MAX_LOOKS = 10; // a log that changes all the while is looked at again by the next poll
const FULL_LOOK_MS = 5000; // how long an unchanged size and time are trusted to tell that nothing has changed

export class FileFollower {
  readonly #file: string;
  readonly #clock: Clock;
  readonly #availability: Availability;
  readonly #lineage: Lineage;
  #notices: Notice[] = [];
  /** How the log looked before the last full look, which found that nothing more was to be had. */
  #quiet: { readonly sight: string; readonly at: number } | undefined;

  /** Goes on after `records`; a file last written to before `since` (epoch ms) holds nothing of interest. */
  constructor(file: string, records: readonly GenerationRecord[], since: number, options: LineageOptions) {
    this.#file = file;
    this.#clock = options.clock;
    this.#availability = new Availability(file);
    this.#lineage = new Lineage(file, records, since, options, (notice) => this.#tell(notice));
  }

  /** Where it is: to be stored with what the last reading produced. */
  records(): GenerationRecord[] {
    return this.#lineage.records();
  }

  /** Nothing is held and nothing is remembered: nothing would be lost by letting it go. */
  get isIdle(): boolean {
    return this.#lineage.isEmpty;
  }

  /** The next lines, at most about 1 MiB; undefined when there is nothing new. */
  async poll(): Promise<Reading | undefined> {
    const sight = sightOf(this.#file);
    if (sight !== undefined && this.#isStillQuiet(sight)) return undefined;
    const at = this.#clock();
    const bytes = await this.#readOn();
    const isQuiet = sight !== undefined && bytes === undefined && this.#lineage.isSettled;
    this.#quiet = isQuiet ? { sight, at } : undefined;
    const notices = this.#notices;
    this.#notices = [];
    if (bytes instanceof Buffer) return { bytes, notices };
    return notices.length === 0 ? undefined : { bytes: NO_BYTES, notices };
  }

  #isStillQuiet(sight: string): boolean {
    if (this.#quiet?.sight !== sight) return false;
    const elapsedMs = this.#clock() - this.#quiet.at;
    return elapsedMs >= 0 && elapsedMs < FULL_LOOK_MS;
  }

  async #readOn(): Promise<Buffer | 'changed' | undefined> {
    let bytes: Buffer | 'changed' | undefined = 'changed';
    for (let looks = 0; looks < MAX_LOOKS && bytes === 'changed'; looks += 1) {
      const log = await this.#look();
      bytes = await this.#read(log);
      if (bytes === undefined) await this.#retire(log);
    }
    return bytes;
  }

  close(): void {
    this.#lineage.close();
  }

  async #look(): Promise<Generation | undefined> {
    const now = this.#clock();
    const log = await this.#lineage.look();
    const isThere = log instanceof Generation;
    this.#tell(this.#availability.update(isThere ? undefined : log, now));
    if (!isThere) return undefined;
    log.activeAt = now;
    return log;
  }

  /** The older generations first, so that lines come in the order in which they were written. */
  async #read(log: Generation | undefined): Promise<Buffer | 'changed' | undefined> {
    for (const generation of this.#lineage.open) {
      const data = await generation.peek();
      if (data === 'changed') {
        this.#lineage.lose(generation);
        return 'changed';
      }
      if (data.length === 0) continue;
      if (generation === log && log.isBlank && this.#lineage.hasMoved()) return 'changed';
      const bytes = this.#take(generation, data);
      if (bytes !== undefined) return bytes;
    }
    return undefined;
  }

  #take(generation: Generation, data: Buffer): Buffer | undefined {
    const wasBlank = generation.isBlank;
    const { bytes, consumed, tooLong, hasGrown } = generation.take(data);
    if (hasGrown) generation.activeAt = this.#clock();
    if (consumed === 0) return undefined;
    if (wasBlank) for (const older of this.#lineage.open) older.activeAt = this.#clock(); // they now have a successor
    if (tooLong > 0) {
      const detail = `${generation.path} holds lines of more than ${LINE_CAP_BYTES} bytes: dropped`;
      this.#tell({ kind: 'line-too-long', detail, count: tooLong });
    }
    return bytes;
  }

  /** Lets go of what has been read to its end and is not written to any more. */
  async #retire(log: Generation | undefined): Promise<void> {
    for (const generation of this.#lineage.open) {
      if (generation === log || !this.#isOver(generation)) continue;
      const rest = await generation.peek();
      if (rest === 'changed') continue; // the next poll sees to it
      const { path, body } = generation;
      if (body?.damage !== undefined) this.#tellLost(`${path} is damaged: ${body.damage}`, undefined);
      if (rest.length > 0) this.#tellLost(`${path} ends in an unfinished line of ${rest.length} bytes`, 1);
      generation.finish(rest);
    }
  }

  #isOver(generation: Generation): boolean {
    const idleMs = this.#clock() - generation.activeAt;
    const isDeleted = generation.body?.isLinked() === false;
    if (generation.isBlank && !isDeleted) return false; // let go of, it would be taken for a new one
    if (generation.body?.kind === 'gzip') return true;
    return idleMs >= (this.#lineage.hasSuccessor(generation) ? DRAIN_MS : isDeleted ? DELETED_MS : Infinity);
  }

  #tellLost(detail: string, count: number | undefined): void {
    this.#tell({ kind: 'data-lost', detail, count });
  }

  #tell(notice: Notice | undefined): void {
    if (notice !== undefined) this.#notices.push(notice);
  }
}
