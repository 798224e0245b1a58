/** How a host does: what `status` shows, `watch` heads its screen with, and monitoring asks for. */
import type { Finding } from '../check/finding.ts';
import { setAsides, type SetAside } from '../check/set-aside.ts';
import type { ClusterStatus } from '../cluster/cluster.ts';
import { systemClock } from '../clock.ts';
import type { Config } from '../config/schema.ts';
import type { OperationalError } from '../errors.ts';
import type { Log } from '../log.ts';
import { claimMaps } from '../map/claim.ts';
import { hostTools } from '../map/tools.ts';
import { isPresent } from '../presence.ts';
import { storeDir } from '../store/owner.ts';
import type { Store } from '../store/store.ts';
import type { TrailEvent } from '../store/trail.ts';
import { readReport } from './daemon-report.ts';
import { lookupStatuses, type LookupStatus } from './lookup-status.ts';
import { mapStatus, type MapStatus } from './map-status.ts';
import { metricsStatus, type MetricsStatus } from './metrics-status.ts';
import { sourceStatuses, type SourceStatus } from './source-status.ts';
import { staleFiles } from './stale.ts';
import { warningsAbout } from './warnings.ts';

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

const HOUR_MS = 3_600_000;

/** A host whose store is open. */
export interface StatusHost {
  readonly configFile: string | undefined;
  readonly config: Config;
  /** What is wrong with the admin's own. */
  readonly fault: OperationalError | undefined;
  readonly store: Store;
  readonly log: Log;
}

export function hostStatus({ configFile, config, fault, store, log }: StatusHost): Status {
  const at = systemClock();
  const daemon = daemonStatus(store);
  const { startedAt } = daemon;
  const report = startedAt === null ? undefined : readReport(config.state_dir, startedAt);
  const permitted = Array.from(store.entries()).length;
  const isSettled = permitted === store.size();
  const claim = claimMaps(config, hostTools());
  const facts = {
    at,
    configError: (fault ?? claim.fault)?.message ?? null,
    daemon,
    sources: sourceStatuses(config, store, log),
    entries: { permitted, max: config.admission.max_entries },
    maps: claim.targets.map((target) => mapStatus(target, store, isSettled)),
    lookups: lookupStatuses(config, report),
    cluster:
      config.cluster === undefined
        ? null
        : (report?.cluster ?? { node: config.cluster.node, link: 'unknown' as const }),
    metrics: metricsStatus(config),
    stale: startedAt === null ? [] : staleFiles(config, configFile, startedAt),
    setAside: setAsides(storeDir(config.state_dir)),
    lastHour: countKinds(store.events({ since: at - HOUR_MS }).events),
  };
  return { ...facts, warnings: warningsAbout(facts) };
}

/** Whether a daemon works on the store. */
export function daemonStatus(store: Store): Status['daemon'] {
  const noted = store.presence();
  if (noted === undefined || !isPresent(noted)) return { running: false, pid: null, startedAt: null };
  return { running: true, pid: noted.pid, startedAt: noted.startedAt };
}

function countKinds(events: readonly TrailEvent[]): Status['lastHour'] {
  const count = (kind: TrailEvent['kind']) => events.filter((event) => event.kind === kind).length;
  return {
    granted: count('granted'),
    refreshed: count('refreshed'),
    refused: count('refused'),
    expired: count('expired'),
    purged: count('purged'),
  };
}
