/**
 * Spares the host the sweep while the daemon does its work: the daemon vouches for the maps by a file in its unit's
 * RuntimeDirectory, and relaypass-sweep.service is skipped as long as that holds. systemd removes the folder when the
 * daemon ends, however it does.
 *
 *     vouched.FROM.UNTIL     in seconds since boot, as /proc/uptime has them: no clock that is set reaches those
 *
 * It is all in the name, so that root, who asks, need not open a file of the daemon's. Where none can be made the sweep
 * runs, and so it does on hosts without systemd.
 */
import { renameSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { systemClock } from './clock.ts';
import { reasonOf } from './errors.ts';
import { rateLimited, type Log } from './log.ts';

const HOLDS_S = 20; // a journal without lines lets 10 s pass between two beats; with the timer's 30 s, below a minute
const WARN_EVERY_MS = 3_600_000;

export class Voucher {
  readonly #folder: string | undefined;
  readonly #warn: ReturnType<typeof rateLimited>;
  readonly #uptime: () => number;
  /** Undefined before the first, or where it is in doubt. */
  #file: string | undefined;

  /** @param uptime in seconds, as /proc/uptime has it */
  constructor({ RUNTIME_DIRECTORY: folders }: NodeJS.ProcessEnv, log: Log, uptime: () => number = os.uptime) {
    this.#folder = folders?.split(':')[0]; // systemd.exec(5)
    this.#warn = rateLimited(log, systemClock, WARN_EVERY_MS);
    this.#uptime = uptime;
  }

  /** Says that the maps are true, and that the daemon will keep them so for a moment. */
  vouch(): void {
    if (!this.#folder) return;
    const from = Math.floor(this.#uptime());
    const file = path.join(this.#folder, `vouched.${from}.${from + HOLDS_S}`);
    const last = this.#file;
    this.#file = undefined;
    try {
      if (last === undefined) writeFileSync(file, '');
      else if (last !== file) renameSync(last, file);
      this.#file = file;
    } catch (error) {
      this.#warn('vouch', 'could not vouch for the maps, so that the sweep runs too', { reason: reasonOf(error) });
    }
  }
}
