/**
 * One file's bytes, held open: an open descriptor pins the inode, so neither renaming nor deleting it nor the reuse of
 * its number by another file can mislead the reader. The only file that opens logs.
 */
import fs from 'node:fs';
import { Readable } from 'node:stream';
import { createGunzip, type Gunzip } from 'node:zlib';
import { EXIT, OperationalError, errnoOf, reasonOf } from '../errors.ts';

export interface Body {
  /** Device and inode, which no other file has as long as this one is open. */
  readonly inode: string;
  /** Compressed files never grow, and their bytes can only be read in order. */
  readonly kind: 'plain' | 'gzip';
  /** Why the end that was read is not the end that was written: a compressed file cut short, or not one at all. */
  readonly damage: string | undefined;
  /**
   * The bytes from `position` on, `length` of them or fewer at the end of the file. With `into`, a buffer of at least
   * that length, they may lie in it and are good until it is used again: a burst then costs no memory a read.
   */
  read(position: number, length: number, into?: Buffer): Promise<Buffer>;
  /** Of the file as it is stored. */
  sizeBytes(): number;
  /** False once its last name is gone. */
  isLinked(): boolean;
  close(): void;
}

/** Why a file cannot be read now, though it may be later. */
export type Unavailable = 'missing' | 'unreadable';

/** Opens `file`; throws an OperationalError where waiting would not help. */
export function openBody(file: string, kind: Body['kind']): Body | Unavailable {
  let fd;
  try {
    fd = fs.openSync(file, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK); // a FIFO would block the whole process
  } catch (error) {
    return unavailable(error, file);
  }
  const stats = fs.fstatSync(fd, { bigint: true });
  if (!stats.isFile()) {
    fs.closeSync(fd);
    throw new OperationalError(
      'log-not-a-file',
      EXIT.config,
      `${file} is no regular file: a log to follow must be one`,
    );
  }
  return kind === 'gzip' ? new GzipBody(file, fd, inodeOf(stats)) : new PlainBody(file, fd, inodeOf(stats));
}

export function inodeOf(stats: fs.BigIntStats): string {
  return `${stats.dev}:${stats.ino}`;
}

/** The value for an error that time may mend; any other is thrown: the daemon ends, and its next start resumes. */
export function unavailable(error: unknown, file: string): Unavailable {
  const errno = errnoOf(error);
  if (errno === 'ENOENT' || errno === 'ENOTDIR') return 'missing';
  if (errno === 'EACCES' || errno === 'EPERM') return 'unreadable';
  throw readFailed(file, error);
}

function readFailed(file: string, cause: unknown): OperationalError {
  const message = `cannot read ${file}: ${reasonOf(cause)}; the next start goes on after the last commit`;
  return new OperationalError('log-read-failed', EXIT.io, message, { cause });
}

class PlainBody implements Body {
  readonly kind = 'plain';
  readonly damage = undefined;
  readonly inode: string;
  readonly #file: string;
  readonly #fd: number;

  constructor(file: string, fd: number, inode: string) {
    this.#file = file;
    this.#fd = fd;
    this.inode = inode;
  }

  // oxlint-disable-next-line typescript/require-await -- the interface waits for compressed files
  async read(position: number, length: number, into?: Buffer): Promise<Buffer> {
    try {
      const available = Math.max(0, Math.min(length, this.sizeBytes() - position));
      const buffer = into ?? Buffer.allocUnsafe(available);
      let filled = 0;
      while (filled < available) {
        const got = fs.readSync(this.#fd, buffer, filled, available - filled, position + filled);
        if (got === 0) break; // truncated meanwhile
        filled += got;
      }
      return buffer.subarray(0, filled);
    } catch (error) {
      throw readFailed(this.#file, error);
    }
  }

  sizeBytes(): number {
    return fs.fstatSync(this.#fd).size;
  }

  isLinked(): boolean {
    return fs.fstatSync(this.#fd).nlink > 0;
  }

  close(): void {
    fs.closeSync(this.#fd);
  }
}

class GzipBody implements Body {
  readonly kind = 'gzip';
  readonly inode: string;
  damage: string | undefined;
  readonly #file: string;
  readonly #fd: number;
  #gunzip: Gunzip | undefined;
  #chunks: AsyncIterator<Buffer> | undefined;
  /** Decompressed and not yet passed by: it begins at `#at`. */
  #window: Buffer = Buffer.alloc(0);
  #at = 0;

  constructor(file: string, fd: number, inode: string) {
    this.#file = file;
    this.#fd = fd;
    this.inode = inode;
  }

  async read(position: number, length: number): Promise<Buffer> {
    if (this.#chunks === undefined || position < this.#at) this.#rewind();
    for (;;) {
      const skip = Math.min(position - this.#at, this.#window.length);
      this.#window = this.#window.subarray(skip);
      this.#at += skip;
      if (this.#at === position && this.#window.length >= length) return this.#window.subarray(0, length);
      const chunk = await this.#next();
      if (chunk === undefined) return this.#at === position ? this.#window : Buffer.alloc(0);
      this.#window = this.#window.length === 0 ? chunk : Buffer.concat([this.#window, chunk]);
    }
  }

  sizeBytes(): number {
    return fs.fstatSync(this.#fd).size;
  }

  isLinked(): boolean {
    return fs.fstatSync(this.#fd).nlink > 0;
  }

  close(): void {
    this.#gunzip?.destroy();
    fs.closeSync(this.#fd);
  }

  #rewind(): void {
    this.#gunzip?.destroy();
    this.#gunzip = Readable.from(compressed(this.#fd)).pipe(createGunzip({ chunkSize: CHUNK_BYTES }));
    this.#chunks = this.#gunzip[Symbol.asyncIterator]();
    this.#window = Buffer.alloc(0);
    this.#at = 0;
  }

  async #next(): Promise<Buffer | undefined> {
    try {
      const result = await this.#chunks?.next();
      return result === undefined || result.done === true ? undefined : result.value;
    } catch (error) {
      if (errnoOf(error)?.startsWith('Z_') !== true) throw readFailed(this.#file, error);
      this.damage = reasonOf(error);
      return undefined;
    }
  }
}

const CHUNK_BYTES = 65_536; // four times zlib's default: fewer turns of the event loop

/** Read synchronously, so that no read is under way when the descriptor is closed and its number used again. */
function* compressed(fd: number): Generator<Buffer> {
  for (let position = 0; ;) {
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    const got = fs.readSync(fd, buffer, 0, buffer.length, position);
    if (got === 0) return;
    position += got;
    yield buffer.subarray(0, got);
  }
}
