/** Lines that are pushed at us through a pipe, kept until they are asked for: at most a chunk more than 1 MiB of them. */
import type { Readable } from 'node:stream';
import { takeLines, type Lines } from './lines.ts';

const FULL_BYTES = 1_048_576; // then the writer has to wait: the pipe fills, and the log waits where it is safe

export class Pipe {
  readonly #stream: Readable;
  readonly #capBytes: number;
  #chunks: Buffer[] = [];
  #bufferedBytes = 0;
  #skipping = false;
  #hasEnded = false;

  /** Calls `onChange` when there may be something to take, and at the end. */
  constructor(stream: Readable, capBytes: number, onChange: () => void) {
    this.#stream = stream;
    this.#capBytes = capBytes;
    stream.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#bufferedBytes += chunk.length;
      if (this.#bufferedBytes >= FULL_BYTES) stream.pause();
      onChange();
    });
    stream.on('close', () => {
      this.#hasEnded = true;
      onChange();
    });
  }

  /** The writer has closed it, and what it wrote has been taken but for an unfinished line. */
  get isOver(): boolean {
    return this.#hasEnded && !this.#chunks.some((chunk) => chunk.includes(LF));
  }

  /** Bytes of a line that is not ended yet. */
  get unfinishedBytes(): number {
    return this.#bufferedBytes;
  }

  take(): Lines {
    const buffered = Buffer.concat(this.#chunks);
    const lines = takeLines(buffered, this.#skipping, this.#capBytes);
    const rest = buffered.subarray(lines.consumed);
    this.#chunks = rest.length === 0 ? [] : [Buffer.from(rest)];
    this.#bufferedBytes = rest.length;
    this.#skipping = lines.skipping;
    this.#stream.resume();
    return lines;
  }
}

const LF = 10;
