/**
 * The last lines of a file and those that follow, for a person who looks on: the only file that imports `tail`.
 *
 * Quirks hidden here: it splits at CR too unless told otherwise, emits lines without their end, and starts reading in
 * its constructor.
 *
 * Limits: it drops what is unread when the file is renamed, so it may miss lines at a rotation. The daemon never uses it.
 */
import { Tail } from 'tail';
import { EXIT, OperationalError, reasonOf } from '../errors.ts';

/** Calls `onLine` for the last `count` lines of `file` and each later one, until `signal` aborts. */
export async function followLines(
  file: string,
  count: number,
  onLine: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const tail = openTail(file, count);
  try {
    await new Promise<void>((resolve, reject) => {
      tail.on('line', (line: string) => onLine(line));
      tail.on('error', (error: unknown) => reject(failure(file, error)));
      signal.addEventListener('abort', () => resolve(), { once: true });
      if (signal.aborted) resolve();
    });
  } finally {
    tail.unwatch();
  }
}

function openTail(file: string, count: number): Tail {
  try {
    return new Tail(file, { separator: '\n', ...(count > 0 && { nLines: count }) });
  } catch (error) {
    throw failure(file, error);
  }
}

function failure(file: string, error: unknown): OperationalError {
  return new OperationalError('log-unreadable', EXIT.io, `${file}: cannot be followed: ${reasonOf(error)}`, {
    cause: error,
  });
}
