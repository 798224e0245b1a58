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

  readonly #onData: (chunk: Buffer) => void;
  readonly #onClose: () => void;

  /** Calls `onChange` when there may be something to take, and at the end. */
  constructor(stream: Readable, capBytes: number, onChange: () => void) {
    this.#stream = stream;
    this.#capBytes = capBytes;
    this.#onData = (chunk) => {
      this.#chunks.push(chunk);
      this.#bufferedBytes += chunk.length;
      if (this.#bufferedBytes >= FULL_BYTES) stream.pause();
      onChange();
    };
    this.#onClose = () => {
      this.#hasEnded = true;
      onChange();
    };
    this.#hasEnded = stream.closed;
    stream.on('data', this.#onData);
    stream.on('close', this.#onClose);
  }

  /** The writer has closed it, and what it wrote has been taken but for an unfinished line. */
  get isOver(): boolean {
    return this.#hasEnded && !this.#chunks.some((chunk) => chunk.includes(LF));
  }

  /** Bytes of a line that is not ended yet. */
  get unfinishedBytes(): number {
    return this.#bufferedBytes;
  }

  /** Lets go of the stream; what was not taken is for its next reader. */
  release(): void {
    this.#stream.off('data', this.#onData);
    this.#stream.off('close', this.#onClose);
    this.#stream.pause();
    if (this.#bufferedBytes > 0 && !this.#stream.readableEnded) this.#stream.unshift(Buffer.concat(this.#chunks));
    this.#chunks = [];
    this.#bufferedBytes = 0;
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
