import { systemClock } from '../clock.ts';

const SHOWN_AFTER_MS = 1000; // what takes less needs none
const DRAW_EVERY_MS = 200;
const MIB = 1_048_576;
const CLEAR = '\r\u001b[K'; // ECMA-48: erase the line

/** How far a long reading is: one line on standard error, where that is a terminal. Clear it before any other output. */
export class ProgressLine {
  readonly #totalBytes: number | undefined;
  #doneBytes = 0;
  #drawAt = systemClock() + SHOWN_AFTER_MS;
  #isShown = false;

  /** @param totalBytes undefined where nobody knows the end */
  constructor(totalBytes: number | undefined) {
    this.#totalBytes = totalBytes;
  }

  advance(bytes: number): void {
    this.#doneBytes += bytes;
    const now = systemClock();
    if (!process.stderr.isTTY || now < this.#drawAt) return;
    this.#drawAt = now + DRAW_EVERY_MS;
    this.#isShown = true;
    process.stderr.write(`${CLEAR}${progressText(this.#doneBytes, this.#totalBytes)}`);
  }

  clear(): void {
    if (this.#isShown) process.stderr.write(CLEAR);
    this.#isShown = false;
  }
}

/** `512 of 1024 MiB, 50 %` */
export function progressText(doneBytes: number, totalBytes: number | undefined): string {
  const done = Math.floor(doneBytes / MIB);
  if (totalBytes === undefined || totalBytes === 0) return `${done} MiB`;
  const percent = Math.min(100, Math.floor((100 * doneBytes) / totalBytes));
  return `${done} of ${Math.ceil(totalBytes / MIB)} MiB, ${percent} %`;
}
