/**
 * Every metric: its name by Prometheus's conventions, what it says, and where its value comes from. docs/metrics.md is
 * held to this table by a test.
 *
 * No label holds a user, an address or anything else that a client chooses, so the number of series is that of the
 * patterns, rules, sources, maps and protocols. All names begin with `relaypass_`, those of the process too:
 * node_exporter has `process_...` of its own, and refuses a text file that repeats one.
 */
import type { ClusterStatus } from '../cluster/cluster.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config/schema.ts';
import { REFUSALS } from '../login/admission.ts';
import type { MapTarget } from '../map/target.ts';
import { mapStatus, type MapStatus } from '../status/map-status.ts';
import { CAPS } from '../store/outcome.ts';
import type { Store } from '../store/store.ts';
import { LOSSES, VERDICTS, type SourceTally, type Tally } from './tally.ts';

/** What metrics are read from: the parts of a running daemon. */
export interface Subject {
  readonly tally: Tally;
  readonly store: Store;
  readonly config: Pick<Config, 'admission' | 'lookup'>;
  readonly patterns: readonly { readonly name: string }[];
  readonly targets: readonly MapTarget[];
  /** Undefined on a host of its own, which then has no metrics of a cluster. */
  readonly clusterStatus: () => ClusterStatus | undefined;
  readonly clock: Clock;
  readonly version: string;
}

interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Metric {
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  readonly labels: readonly string[];
  /** Undefined where the host has nothing of the kind. */
  readonly read: (subject: Subject) => readonly Sample[] | undefined;
}

/** How long each publishing took: the one metric that is observed, not read. */
export const PUBLISH_SECONDS = {
  name: 'relaypass_map_publish_seconds',
  type: 'histogram',
  help: 'How long it took to build a map and put it in place, in seconds.',
  labels: [],
  buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30], // a builder is given up after 30 seconds
} as const;

export const METRICS: readonly Metric[] = [
  {
    name: 'relaypass_logins_total',
    type: 'counter',
    help: 'Logins that count, by pattern; those told over whoson have its name.',
    labels: ['pattern'],
    read: ({ tally, patterns }) => each('pattern', tally.logins.all(patterns.map(({ name }) => name))),
  },
  {
    name: 'relaypass_granted_total',
    type: 'counter',
    help: 'Logins that let another address in.',
    labels: [],
    read: ({ tally }) => one(tally.granted),
  },
  {
    name: 'relaypass_refused_total',
    type: 'counter',
    help: 'Logins that do not count, by the rule or the cap against them.',
    labels: ['rule'],
    read: ({ tally }) => each('rule', tally.refused.all([...Object.keys(REFUSALS), ...CAPS])),
  },
  {
    name: 'relaypass_expired_total',
    type: 'counter',
    help: 'Addresses whose time was up.',
    labels: [],
    read: ({ tally }) => one(tally.expired),
  },
  {
    name: 'relaypass_entries',
    type: 'gauge',
    help: 'Addresses that are kept.',
    labels: [],
    read: ({ store }) => one(store.size()),
  },
  {
    name: 'relaypass_entries_limit',
    type: 'gauge',
    help: 'How many addresses there may be: `admission.max_entries`.',
    labels: [],
    read: ({ config }) => one(config.admission.max_entries),
  },
  {
    name: 'relaypass_lines_total',
    type: 'counter',
    help: 'Lines that were read.',
    labels: ['source'],
    read: ofSources(({ lines }) => lines),
  },
  {
    name: 'relaypass_refused_lines_total',
    type: 'counter',
    help: 'Lines of a mail server that no pattern may believe: forged or damaged.',
    labels: ['source'],
    read: ofSources(({ refusedLines }) => refusedLines),
  },
  {
    name: 'relaypass_dropped_lines_total',
    type: 'counter',
    help: 'Lines that nobody could read, by why: logins may be among them.',
    labels: ['source', 'reason'],
    read: ({ tally }) =>
      [...tally.sources].flatMap(([source, { dropped }]) => each('reason', dropped.all(LOSSES), { source })),
  },
  {
    name: 'relaypass_source_lag_seconds',
    type: 'gauge',
    help: 'How long ago the source was last read to its end, in seconds.',
    labels: ['source'],
    read: ofSources(({ caughtUpAt }, now) => toSeconds(now - caughtUpAt)),
  },
  {
    name: 'relaypass_last_login_timestamp_seconds',
    type: 'gauge',
    help: 'When the last login was logged, in Unix time; 0 before the first.',
    labels: ['source'],
    read: ofSources(({ lastLoginAt = 0 }) => toSeconds(lastLoginAt)),
  },
  {
    name: 'relaypass_map_age_seconds',
    type: 'gauge',
    help: 'How long ago the map was put in place, in seconds; not told where it is missing.',
    labels: ['map'],
    read: ofMaps(({ placedAt }, now) => (placedAt === null ? undefined : toSeconds(now - placedAt))),
  },
  {
    name: 'relaypass_map_current',
    type: 'gauge',
    help: 'Whether the map says what the store does: 1 or 0.',
    labels: ['map'],
    read: ofMaps(({ state }) => toNumber(state === 'true')),
  },
  {
    name: 'relaypass_map_failures_total',
    type: 'counter',
    help: 'Attempts to publish a map that failed.',
    labels: ['map'],
    read: ({ tally, targets }) =>
      each(
        'map',
        targets.map(({ file }) => [file, tally.mapFailures.of(file)]),
      ),
  },
  {
    name: 'relaypass_lookups_total',
    type: 'counter',
    help: 'Live look-ups, by protocol and answer.',
    labels: ['protocol', 'answer'],
    read: ({ tally, config }) =>
      Array.from(new Set(config.lookup.map(({ protocol }) => protocol)), (protocol) =>
        each('answer', tally.lookup(protocol).all(VERDICTS), { protocol }),
      ).flat(),
  },
  {
    name: 'relaypass_cluster_link_up',
    type: 'gauge',
    help: 'Whether this host and the cluster agree: 1 or 0.',
    labels: [],
    read: ofCluster(({ link }) => toNumber(link === 'up')),
  },
  {
    name: 'relaypass_cluster_lag_seconds',
    type: 'gauge',
    help: 'How old the last message of the cluster was when it was taken, in seconds.',
    labels: [],
    read: ofCluster(({ lagMs = 0 }) => toSeconds(lagMs)),
  },
  {
    name: 'relaypass_cluster_unread_messages',
    type: 'gauge',
    help: 'Messages of the cluster that this host has not read.',
    labels: [],
    read: ofCluster(({ unread = 0 }) => unread),
  },
  {
    name: 'relaypass_cluster_unsent_logins',
    type: 'gauge',
    help: 'Logins that wait to be told to the cluster.',
    labels: [],
    read: ofCluster(({ unsent = 0 }) => unsent),
  },
  {
    name: 'relaypass_cluster_clock_difference_seconds',
    type: 'gauge',
    help: "The clock of Redis minus this host's, in seconds.",
    labels: [],
    read: ofCluster(({ clockDifferenceMs = 0 }) => toSeconds(clockDifferenceMs)),
  },
  {
    name: 'relaypass_config_last_reload_successful',
    type: 'gauge',
    help: 'Whether the last reload took the configuration up: 1 or 0.',
    labels: [],
    read: ({ tally }) => one(toNumber(tally.reload.isGood)),
  },
  {
    name: 'relaypass_config_loaded_timestamp_seconds',
    type: 'gauge',
    help: 'When the configuration that is in effect was loaded, in Unix time.',
    labels: [],
    read: ({ tally }) => one(toSeconds(tally.reload.loadedAt)),
  },
  {
    name: 'relaypass_start_timestamp_seconds',
    type: 'gauge',
    help: 'When the process began, in Unix time.',
    labels: [],
    read: ({ clock }) => one(toSeconds(clock()) - process.uptime()),
  },
  {
    name: 'relaypass_cpu_seconds_total',
    type: 'counter',
    help: 'CPU time that the process took, in seconds.',
    labels: [],
    read: () => one((process.cpuUsage().user + process.cpuUsage().system) / 1e6),
  },
  {
    name: 'relaypass_resident_memory_bytes',
    type: 'gauge',
    help: 'Resident memory of the process, in bytes.',
    labels: [],
    read: () => one(process.memoryUsage.rss()),
  },
  {
    name: 'relaypass_build_info',
    type: 'gauge',
    help: 'Which relaypass this is, and on which Node.js; always 1.',
    labels: ['version', 'node'],
    read: ({ version }) => [{ labels: { version, node: process.versions.node }, value: 1 }],
  },
];

function one(value: number): Sample[] {
  return [{ labels: {}, value }];
}

function each(label: string, values: readonly (readonly [string, number])[], others: Sample['labels'] = {}): Sample[] {
  return values.map(([name, value]) => ({ labels: { ...others, [label]: name }, value }));
}

function ofSources(value: (source: SourceTally, now: number) => number): Metric['read'] {
  return ({ tally, clock }) =>
    each(
      'source',
      Array.from(tally.sources, ([id, source]) => [id, value(source, clock())]),
    );
}

function ofMaps(value: (map: MapStatus, now: number) => number | undefined): Metric['read'] {
  return ({ targets, store, clock }) => {
    const isSettled = (store.nextExpiryAt() ?? Infinity) > clock();
    const statuses = targets.map((target) => mapStatus(target, store, isSettled));
    return statuses.flatMap((map) => {
      const read = value(map, clock());
      return read === undefined ? [] : each('map', [[map.file, read]]);
    });
  };
}

function ofCluster(value: (status: ClusterStatus) => number): Metric['read'] {
  return ({ clusterStatus }) => {
    const status = clusterStatus();
    return status === undefined ? undefined : one(value(status));
  };
}

function toSeconds(ms: number): number {
  return ms / 1000;
}

function toNumber(is: boolean): number {
  return is ? 1 : 0;
}
