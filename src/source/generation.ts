/**
 * One file's worth of a log: it begins when the file is created and ends when it is rotated away and drained. The log
 * that a host writes is a row of generations; the follower reads each of them to its end.
 */
import type { Body } from './body.ts';
import { advance, compare, isBlank, NOTHING_READ, type Fingerprint } from './fingerprint.ts';
import { takeLines, type Lines } from './lines.ts';

/** Where a generation stands: `lost` is to be found again by its fingerprint, `done` has been read to its end. */
export type GenerationState = 'open' | 'lost' | 'done';

/** What of a generation outlives the process. */
export interface GenerationRecord {
  readonly path: string;
  readonly fingerprint: Fingerprint;
  readonly skipping: boolean;
  readonly done: boolean;
}

const CHUNK_BYTES = 1_048_576; // a read: each costs some looks at the file's names besides, and greater ones save little
const LF = 10;
const NO_BYTES = Buffer.alloc(0);

export class Generation {
  /** The real path it was opened by; only a hint, since names change. */
  path: string;
  /** When it was last seen growing, or being the log itself; epoch milliseconds. */
  activeAt: number;
  #fingerprint: Fingerprint = NOTHING_READ;
  #skipping = false;
  #isInsideLine = false;
  #body: Body | undefined;
  /** What is read goes here: to give each read memory of its own costs as much as reading. */
  #chunk: Buffer | undefined;
  #done = false;
  /** How far it was seen to go: with an unfinished line, further than its offset. */
  #end = 0;

  constructor(path: string, activeAt: number) {
    this.path = path;
    this.activeAt = activeAt;
  }

  static fromRecord(record: GenerationRecord, activeAt: number): Generation {
    const generation = new Generation(record.path, activeAt);
    generation.#fingerprint = record.fingerprint;
    generation.#skipping = record.skipping;
    generation.#done = record.done;
    return generation;
  }

  toRecord(): GenerationRecord {
    return { path: this.path, fingerprint: this.#fingerprint, skipping: this.#skipping, done: this.#done };
  }

  get state(): GenerationState {
    if (this.#body !== undefined) return 'open';
    return this.#done ? 'done' : 'lost';
  }

  get body(): Body | undefined {
    return this.#body;
  }

  get fingerprint(): Fingerprint {
    return this.#fingerprint;
  }

  /** Nothing that was read of it tells it from another file. */
  get isBlank(): boolean {
    return isBlank(this.#fingerprint);
  }

  /** Begins inside a line: what comes up to the first LF is the rest of one that was cut, and must not become a login. */
  skipToLine(): void {
    this.#skipping = true;
  }

  /** Reads on in `body`, after what `fingerprint` covers. */
  open(body: Body, fingerprint: Fingerprint = this.#fingerprint): void {
    if (fingerprint.offset > this.#fingerprint.offset) this.#skipping = false; // at the start of a line
    this.#body = body;
    this.#fingerprint = fingerprint;
    this.#done = false;
  }

  /**
   * What follows the offset, good until the next call, or `changed` where the file no longer holds what was read:
   * truncated or overwritten.
   */
  async peek(): Promise<Buffer | 'changed'> {
    if (this.#body === undefined) return NO_BYTES;
    const { offset } = this.#fingerprint;
    this.#chunk ??= Buffer.allocUnsafeSlow(CHUNK_BYTES);
    const data = await this.#body.read(offset, CHUNK_BYTES, this.#chunk);
    if (this.#body.kind === 'gzip') return data;
    if (this.isBlank) return this.#body.sizeBytes() < offset ? 'changed' : data;
    return (await compare(this.#fingerprint, this.#body)) === 'same' ? data : 'changed';
  }

  /** Its last line is not finished: as its body shows, or as was seen when it last had one. */
  async endsInsideLine(): Promise<boolean> {
    const rest = await this.peek();
    if (this.#body === undefined || rest === 'changed') return this.#isInsideLine;
    return rest.length === 0 ? this.#skipping : rest.length < CHUNK_BYTES && rest.at(-1) !== LF;
  }

  /** Takes what {@link peek} gave as read. */
  take(data: Buffer): Lines & { readonly hasGrown: boolean } {
    const lines = takeLines(data, this.#skipping);
    const end = this.#fingerprint.offset + data.length;
    const hasGrown = end > this.#end;
    this.#end = end;
    this.#skipping = lines.skipping;
    this.#isInsideLine = lines.skipping || lines.consumed < data.length;
    this.#fingerprint = advance(this.#fingerprint, data.subarray(0, lines.consumed));
    return { ...lines, hasGrown };
  }

  /** Its content is elsewhere: gives back the body, in which another generation has begun. */
  lose(): Body | undefined {
    const body = this.#body;
    this.#body = undefined;
    this.#chunk = undefined;
    return body;
  }

  /** It has been read to its end. `unfinished`, a last line without LF, counts as read: it must not become a login. */
  finish(unfinished: Buffer = NO_BYTES): void {
    this.#fingerprint = advance(this.#fingerprint, unfinished);
    this.#skipping ||= unfinished.length > 0;
    this.#done = true;
    this.close();
  }

  close(): void {
    this.lose()?.close();
  }
}
