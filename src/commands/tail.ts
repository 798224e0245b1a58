/**
 * The last lines of a file and those that follow, for a person who looks on: the only file that imports `tail`.
 *
 * Quirks hidden here: it splits at CR too unless told otherwise, breaks a character that is written in two parts, emits
 * lines without their end, starts reading in its constructor, and looks for the last lines in decoded text, where a byte
 * that is no UTF-8 sends it before the file's start. After a rename it goes on at the old file's position in the new.
 *
 * Limits: it drops what is unread when the file is renamed, so it may miss lines at a rotation. The daemon never uses it.
 */
import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { Tail } from 'tail';
import { EXIT, OperationalError, reasonOf } from '../errors.ts';

/** Calls `onLine` for the last `count` lines of `file` and each later one, until `signal` aborts. */
export async function followLines(
  file: string,
  count: number,
  onLine: (line: Buffer) => void,
  signal: AbortSignal,
): Promise<void> {
  await followUntilRenamed(openTail(file, { ...(count > 0 && { nLines: count }) }), file, onLine, signal);
  while (!signal.aborted) {
    if (!existsSync(file)) await setTimeout(POLL_MS);
    else await followUntilRenamed(openTail(file, { fromBeginning: true }), file, onLine, signal);
  }
}

const POLL_MS = 100;

async function followUntilRenamed(
  tail: Tail,
  file: string,
  onLine: (line: Buffer) => void,
  signal: AbortSignal,
): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      tail.on('line', (line: string) => onLine(Buffer.from(`${line}\n`, 'latin1')));
      tail.on('error', (error: unknown) => (isRename(error) ? resolve() : reject(failure(file, error))));
      signal.addEventListener('abort', () => resolve(), { once: true });
      if (signal.aborted) resolve();
    });
  } finally {
    tail.unwatch();
  }
}

function isRename(error: unknown): boolean {
  return typeof error === 'string' && error.startsWith("'rename' event");
}

function openTail(file: string, start: { nLines?: number; fromBeginning?: boolean }): Tail {
  try {
    return new ByteTail(path.resolve(file), { ...start, separator: '\n', encoding: 'latin1', follow: false });
  } catch (error) {
    throw failure(file, error);
  }
}

class ByteTail extends Tail {
  declare readonly filename: string;

  /** Asked by the constructor: where the last `count` lines start. */
  getPositionAtNthLine(count: number): number {
    const fd = openSync(this.filename, 'r');
    try {
      return startOfLast(fd, count);
    } finally {
      closeSync(fd);
    }
  }
}

function startOfLast(fd: number, count: number): number {
  const block = Buffer.alloc(BLOCK_BYTES);
  let wanted = count;
  let end = fstatSync(fd).size - 1; // the last byte ends a line or is of one that is not ended
  while (end > 0) {
    const start = Math.max(0, end - BLOCK_BYTES);
    const bytes = block.subarray(0, readSync(fd, block, 0, end - start, start));
    for (let at = bytes.length - 1; at >= 0; at--) {
      if (bytes[at] === LF && --wanted === 0) return start + at + 1;
    }
    end = start;
  }
  return 0;
}

const BLOCK_BYTES = 65_536;
const LF = 0x0a;

function failure(file: string, error: unknown): OperationalError {
  return new OperationalError('log-unreadable', EXIT.io, `${file}: cannot be followed: ${reasonOf(error)}`, {
    cause: error,
  });
}
