/**
 * The metrics as a file for the textfile collector of node_exporter, which reads `*.prom` in its folder: written aside
 * under another name and renamed, so that it is whole whenever it is read. It is removed when the daemon stops: numbers
 * of the past are not to be taken for today's. After a kill they stay, and `node_textfile_mtime_seconds` tells.
 */
import { rmSync } from 'node:fs';
import { chmod, rename, writeFile } from 'node:fs/promises';
import { reasonOf } from '../errors.ts';
import type { Clock } from '../clock.ts';
import { rateLimited, type Log } from '../log.ts';
import type { Exposition } from './exposition.ts';

const WRITE_EVERY_MS = 15_000; // Prometheus asks node_exporter every 15 to 60 seconds
const WARN_EVERY_MS = 3_600_000;
const MODE = 0o644; // node_exporter runs as a user of its own

export interface TextfileParts {
  readonly file: string;
  readonly exposition: Exposition;
  readonly clock: Clock;
  readonly log: Log;
  /** Called with what was thrown where metrics should have been read; it must end the process. */
  readonly failed: (reason: unknown) => void;
  /** @default 15000 */
  readonly everyMs?: number;
}

export class Textfile {
  readonly #parts: TextfileParts;
  readonly #warn: ReturnType<typeof rateLimited>;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(parts: TextfileParts) {
    this.#parts = parts;
    this.#warn = rateLimited(parts.log, parts.clock, WARN_EVERY_MS);
  }

  /** A folder that cannot be written to is told in the log, and tried again: mail does not hang on it. */
  async start(): Promise<void> {
    const { everyMs = WRITE_EVERY_MS, failed } = this.#parts;
    this.#timer = setInterval(() => {
      this.#writing = this.#writing.then(() => this.#write()).catch(failed);
    }, everyMs);
    await this.#write();
  }

  /** Idempotent. */
  async stop(): Promise<void> {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    await this.#writing;
    rmSync(this.#parts.file, { force: true });
  }

  async #write(): Promise<void> {
    const { file, exposition } = this.#parts;
    const aside = `${file}.new`;
    const text = await exposition.text();
    try {
      await writeFile(aside, text);
      await chmod(aside, MODE); // whatever the umask is
      await rename(aside, file);
    } catch (error) {
      this.#warn('textfile', 'metrics were not written', { file, reason: reasonOf(error) });
    }
  }
}
