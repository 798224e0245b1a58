/**
 * Has what was written to a file go to the disk without anybody's waiting for it.
 *
 * Limits: an error of the disk is told to those who had the file open when it was written to, so make it before.
 */
import { closeSync, fdatasync, openSync } from 'node:fs';
import { promisify } from 'node:util';

const sync = promisify(fdatasync);

export class LateSync {
  readonly #fd: number;
  readonly #failed: (error: unknown) => void;
  #last: Promise<void> = Promise.resolve();

  /** `failed` is told that the disk has not taken something, at once. */
  constructor(file: string, failed: (error: unknown) => void) {
    this.#fd = openSync(file, 'r');
    this.#failed = failed;
  }

  /** All that was written up to now goes to the disk. */
  begin(): void {
    this.#last = this.#last.then(() => sync(this.#fd)).catch(this.#failed);
  }

  /** Waits until it is there. */
  async close(): Promise<void> {
    await this.#last;
    closeSync(this.#fd);
  }
}
