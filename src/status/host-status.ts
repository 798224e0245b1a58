/** Finds out how a host does, by its store, its files and what the daemon reports. */
import { setAsides } from '../check/set-aside.ts';
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
import { lookupStatuses } from './lookup-status.ts';
import { mapStatus } from './map-status.ts';
import { metricsStatus } from './metrics-status.ts';
import { sourceStatuses } from './source-status.ts';
import { staleFiles } from './stale.ts';
import type { Status } from './status.ts';
import { warningsAbout } from './warnings.ts';

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
