import { readFileSync } from 'node:fs';
import os from 'node:os';

/** Milliseconds of processor time for each tick of Linux's USER_HZ. */
export const TICK_MS = 10;

/** Which share of the machine's processors a measurement had, and which was taken by what has no part in it. */
export class Share {
  readonly #begunAt = performance.now();
  readonly #busyMs = busyMs();
  readonly #ownMs: () => number;
  readonly #ownBefore: number;

  /** `ownMs` tells what the processes that are measured have used, and this one is added. */
  constructor(ownMs: () => number) {
    this.#ownMs = () => ownMs() + usedHereMs();
    this.#ownBefore = this.#ownMs();
  }

  /** Percent of all processors since the beginning, as two cells of a table. */
  cells(): string {
    const allMs = (performance.now() - this.#begunAt) * os.cpus().length;
    const own = this.#ownMs() - this.#ownBefore;
    const others = Math.max(0, busyMs() - this.#busyMs - own);
    return [own, others].map((ms) => `${Math.round((100 * ms) / allMs)} %`).join(' | ');
  }
}

function usedHereMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** What all processors have worked since the machine's start: see proc_stat(5). */
function busyMs(): number {
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] =
    readFileSync('/proc/stat', 'utf8').split('\n')[0]?.split(/\s+/).slice(1).map(Number) ?? [];
  return (user + nice + system + irq + softirq + steal) * TICK_MS;
}
