/**
 * Reads lines from a pipe: of syslog-ng's `program()`, rsyslog's `omprog`, or a shell.
 *
 * A reload goes on reading where the source before it stopped.
 *
 * Limits: a pipe cannot be read again, so what was read and not committed when the daemon died is lost. An unfinished
 * last line is dropped, since a writer that was killed may have cut it.
 */
import type { Readable } from 'node:stream';
import { Pipe } from './pipe.ts';
import { LINE_CAP_BYTES, type Batch, type LogSource, type Notice } from './source.ts';
import { Waker } from './waker.ts';

/** Reads `stream` until its end. */
export function createStdinSource(stream: Readable): LogSource {
  return new StdinSource(stream);
}

class StdinSource implements LogSource {
  readonly id = 'stdin';
  readonly #stream: Readable;
  readonly #waker = new Waker();
  #pipe: Pipe | undefined;
  #isEnded = false;

  constructor(stream: Readable) {
    this.#stream = stream;
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  start(): Promise<void> {
    this.#pipe = new Pipe(this.#stream, LINE_CAP_BYTES, () => this.#waker.wake());
    return Promise.resolve();
  }

  read(): Promise<Batch | undefined> {
    const { bytes = NO_BYTES, tooLong = 0 } = this.#pipe?.take() ?? {};
    const notices = [...this.#tooLong(tooLong), ...this.#end()];
    const isEmpty = bytes.length === 0 && notices.length === 0;
    return Promise.resolve(isEmpty ? undefined : { kind: 'lines', bytes, notices, checkpoint: {} });
  }

  wait(signal: AbortSignal): Promise<void> {
    return this.#waker.wait(signal);
  }

  stop(): Promise<void> {
    this.#pipe?.release();
    return Promise.resolve();
  }

  #tooLong(count: number): Notice[] {
    const detail = `lines of more than ${LINE_CAP_BYTES} bytes on standard input were dropped`;
    return count === 0 ? [] : [{ kind: 'line-too-long', detail, count }];
  }

  #end(): Notice[] {
    if (this.#isEnded || this.#pipe?.isOver !== true) return [];
    this.#isEnded = true;
    const { unfinishedBytes } = this.#pipe;
    const detail = `standard input ended inside a line of ${unfinishedBytes} bytes`;
    return unfinishedBytes === 0 ? [] : [{ kind: 'data-lost', detail, count: 1 }];
  }
}

const NO_BYTES = Buffer.alloc(0);
