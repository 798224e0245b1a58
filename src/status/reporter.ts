import { untilBeat } from '../beat.ts';
import type { ClusterStatus } from '../cluster/cluster.ts';
import type { Clock } from '../clock.ts';
import { reasonOf } from '../errors.ts';
import { rateLimited, type Log } from '../log.ts';
import type { Tally } from '../metrics/tally.ts';
import { removeReport, writeReport, type DaemonReport } from './daemon-report.ts';

const LOOK_EVERY_MS = 2000; // as old as what `status` tells may be
const WARN_EVERY_MS = 3_600_000;

export interface ReporterParts {
  readonly stateDir: string;
  /** When the daemon began to serve, as its presence says. */
  readonly startedAt: number;
  readonly tally: Tally;
  readonly clusterStatus: () => ClusterStatus | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

/** Keeps the daemon's report true while it runs. One that cannot be written costs nobody his mail: it is told. */
export class Reporter {
  readonly #parts: ReporterParts;
  readonly #warn: ReturnType<typeof rateLimited>;
  #timer: NodeJS.Timeout | undefined;
  #written = '';

  constructor(parts: ReporterParts) {
    this.#parts = parts;
    this.#warn = rateLimited(parts.log, parts.clock, WARN_EVERY_MS);
  }

  start(): void {
    this.#write();
    this.#timer = setTimeout(() => this.start(), untilBeat(LOOK_EVERY_MS)); // until it is stopped
  }

  /** Idempotent. */
  stop(): void {
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    removeReport(this.#parts.stateDir);
  }

  #write(): void {
    const report = this.#report();
    const text = JSON.stringify(report);
    if (text === this.#written) return;
    try {
      writeReport(report, this.#parts.stateDir);
      this.#written = text;
    } catch (error) {
      this.#warn('report', 'report for "relaypass status" was not written', { reason: reasonOf(error) });
    }
  }

  #report(): DaemonReport {
    const { startedAt, clusterStatus, tally } = this.#parts;
    const lookups = Array.from(tally.lookups, ([protocol, counts]) => [protocol, Object.fromEntries(counts.all())]);
    return { startedAt, cluster: clusterStatus(), lookups: Object.fromEntries(lookups) };
  }
}
