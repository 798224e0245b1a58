import { createReadStream, statSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { EXIT, OperationalError, reasonOf } from '../errors.ts';
import { takeLines } from '../source/lines.ts';
import type { Batch } from '../source/source.ts';

/** The lines of `file`, gzipped where its name ends with `.gz`; `-` is standard input. */
export async function* readFileLines(file: string): AsyncGenerator<Batch> {
  try {
    yield* readLines(openInput(file));
  } catch (error) {
    throw new OperationalError('log-unreadable', EXIT.io, `${file}: cannot be read: ${reasonOf(error)}`, {
      cause: error,
    });
  }
}

/** How much {@link readFileLines} will read, undefined where only reading tells. */
export function sizeOfInput(file: string): number | undefined {
  return file === '-' || file.endsWith('.gz') ? undefined : statSync(file, { throwIfNoEntry: false })?.size;
}

function openInput(file: string): AsyncIterable<Buffer> {
  const stream: Readable = file === '-' ? process.stdin : createReadStream(file);
  if (!file.endsWith('.gz')) return stream;
  const gunzip = createGunzip();
  stream.on('error', (error) => gunzip.destroy(error));
  return stream.pipe(gunzip);
}

async function* readLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<Batch> {
  let rest: Buffer = Buffer.alloc(0);
  let skipping = false;
  for await (const chunk of chunks) {
    const unread = Buffer.concat([rest, chunk]);
    const lines = takeLines(unread, skipping);
    rest = unread.subarray(lines.consumed);
    ({ skipping } = lines);
    yield linesBatch(lines.bytes);
  }
  if (!skipping && rest.length > 0) yield linesBatch(rest);
}

/** Whole lines as a source hands them on. */
export function linesBatch(bytes: Buffer): Batch {
  return { kind: 'lines', bytes, checkpoint: {}, notices: [] };
}
