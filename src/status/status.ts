/** What of a host's status is told: the record that `status`, `watch` and monitoring show. */
import type { Finding } from '../check/finding.ts';
import type { SetAside } from '../check/set-aside.ts';
import type { ClusterStatus } from '../cluster/cluster.ts';
import type { TrailEvent } from '../store/trail.ts';
import type { LookupStatus } from './lookup-status.ts';
import type { MapStatus } from './map-status.ts';
import type { MetricsStatus } from './metrics-status.ts';
import type { SourceStatus } from './source-status.ts';

/** Plain JSON, as `status --json` prints it: instants are epoch milliseconds. */
export interface Status {
  readonly at: number;
  /** What is wrong with the configuration, where all else here goes by the one that the daemon last ran with; or null. */
  readonly configError: string | null;
  readonly daemon: { readonly running: boolean; readonly pid: number | null; readonly startedAt: number | null };
  readonly sources: readonly SourceStatus[];
  readonly entries: { readonly permitted: number; readonly max: number };
  readonly maps: readonly MapStatus[];
  readonly lookups: readonly LookupStatus[];
  /** Null on a host of its own; `unknown` while no daemon tells. */
  readonly cluster: ClusterStatus | { readonly node: string; readonly link: 'unknown' } | null;
  readonly metrics: MetricsStatus | null;
  /** Files that the running daemon has not taken up as they are. */
  readonly stale: readonly string[];
  /** Damaged stores that were set aside. */
  readonly setAside: readonly SetAside[];
  /** Events of the last hour, as far back as the audit trail goes. */
  readonly lastHour: Readonly<Record<TrailEvent['kind'], number>>;
  readonly warnings: readonly Finding[];
}
