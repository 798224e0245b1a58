/**
 * What a process prints. Standard output is written to by its descriptor, at once: the stream that Node has for a pipe
 * takes longer to make than a short listing. A pipe that does not wait (`O_NONBLOCK`, which some programs leave behind)
 * and is full gets the rest, and what follows, through the stream.
 */
import { writeSync } from 'node:fs';
import { errnoOf, EXIT, OperationalError, reasonOf } from './errors.ts';

const STDOUT = 1;
/** They may hold what is not written yet. */
const streams = new Set<NodeJS.WriteStream>();

/**
 * Prints `text`; where nobody reads it any longer (`relaypass list | head`) the process ends, which is no failure.
 * @throws OperationalError `output-failed`, exit 74
 */
export function writeOut(text: string): void {
  const rest = isStreamed ? text : writeNow(Buffer.from(text));
  if (rest.length > 0) outStream().write(rest);
}

let isStreamed = false;

/** Gives back what it could not write without waiting. */
function writeNow(bytes: Buffer): Buffer {
  let done = 0;
  try {
    while (done < bytes.length) done += writeSync(STDOUT, bytes, done);
  } catch (error) {
    failUnlessFull(error);
  }
  return bytes.subarray(done);
}

function outStream(): NodeJS.WriteStream {
  if (!isStreamed) process.stdout.on('error', failUnlessFull);
  isStreamed = true;
  return streamed(process.stdout);
}

function failUnlessFull(error: unknown): void {
  const errno = errnoOf(error);
  if (errno === 'EPIPE') process.exit(EXIT.ok);
  if (errno === 'EAGAIN') return;
  const message = `standard output: cannot be written: ${reasonOf(error)}`;
  throw new OperationalError('output-failed', EXIT.io, message, { cause: error });
}

/** Prints `text` to standard error, which is a stream of Node's: a daemon must not wait for whom it tells. */
export function writeError(text: string): void {
  streamed(process.stderr).write(text);
}

function streamed(stream: NodeJS.WriteStream): NodeJS.WriteStream {
  streams.add(stream);
  return stream;
}

/** Resolves when all that was printed is written: to a pipe that is full it is not yet. */
export async function allWritten(): Promise<void> {
  for (const stream of streams) await new Promise((resolve) => stream.write('', resolve));
}
