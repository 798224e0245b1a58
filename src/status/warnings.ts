/** What of a host's status an admin should act on. Pure. */
import { error, warning, type Finding } from '../check/finding.ts';
import { aboutSetAside } from '../check/set-aside.ts';
import { formatDuration } from '../config/duration.ts';
import type { MapStatus } from './map-status.ts';
import type { SourceStatus } from './source-status.ts';
import type { Status } from './status.ts';

const QUIET_MS = 86_400_000; // a host that has users sees one of them within a day
const MUCH_UNREAD_BYTES = 1_048_576; // what is read in a moment, unless something is stuck
const NEARLY_FULL = 0.9;
const TEXTFILE_OLD_MS = 60_000; // it is written four times in that time

export function warningsAbout(status: Omit<Status, 'warnings'>): Finding[] {
  return [
    ...aboutConfig(status),
    ...aboutDaemon(status),
    ...status.sources.flatMap((source) => aboutSource(source, status.at)),
    ...aboutEntries(status.entries),
    ...status.maps.flatMap(aboutMap),
    ...aboutCluster(status),
    ...aboutTextfile(status),
    ...status.stale.map(aboutStale),
    ...aboutSetAside(status.setAside),
  ];
}

function aboutConfig({ configError }: Pick<Status, 'configError'>): Finding[] {
  if (configError === null) return [];
  return [error(configError, 'correct it: no reload takes it up, and the daemon would not start with it')];
}

function aboutDaemon({ daemon }: Pick<Status, 'daemon'>): Finding[] {
  if (daemon.running) return [];
  return [
    error('the daemon is not running: logins permit nobody', 'systemctl start relaypass; journalctl -u relaypass'),
  ];
}

function aboutSource({ id, readAt, lastMatchAt, unreadBytes }: SourceStatus, now: number): Finding[] {
  if (readAt === null)
    return [warning(`${id}: nothing was read yet`, 'see "relaypass check": does it exist, may the daemon read it?')];
  if ((unreadBytes ?? 0) > MUCH_UNREAD_BYTES)
    return [
      warning(`${id}: ${unreadBytes} bytes are not read yet`, 'look again; if it grows, see journalctl -u relaypass'),
    ];
  const since = lastMatchAt ?? 0;
  if (now - since <= QUIET_MS) return [];
  const what = lastMatchAt === null ? 'no login was ever seen' : `no login for ${formatDuration(now - since)}`;
  return [warning(`${id}: ${what}`, 'see "relaypass match --missed" on the log: do the patterns fit the server?')];
}

function aboutEntries({ permitted, max }: Status['entries']): Finding[] {
  if (permitted < max * NEARLY_FULL) return [];
  return [
    warning(
      `${permitted} of ${max} entries are taken; more are refused`,
      'raise admission.max_entries, or see "relaypass list" for what is wrong',
    ),
  ];
}

const MAP_FAULTS = {
  behind: 'does not say what the store does',
  foreign: 'is not the file that was published',
  emptied: 'stands empty, since it could not be rebuilt: nobody may relay',
  missing: 'is missing: the MTA puts off all mail that needs it',
} as const;

function aboutMap({ file, state }: MapStatus): Finding[] {
  return state === 'true' ? [] : [error(`${file}: ${MAP_FAULTS[state]}`, 'run "relaypass sweep" and see why it fails')];
}

function aboutCluster({ cluster, at }: Pick<Status, 'cluster' | 'at'>): Finding[] {
  if (cluster?.link !== 'down') return [];
  const reason = cluster.reason === undefined ? '' : `: ${cluster.reason}`;
  return [
    warning(
      `no link to the cluster for ${formatDuration(at - cluster.since)}${reason}`,
      'see "relaypass check"; what is known goes on until its time is up',
    ),
  ];
}

function aboutTextfile({ daemon, metrics, at }: Pick<Status, 'daemon' | 'metrics' | 'at'>): Finding[] {
  if (!daemon.running || metrics === null || metrics.textfile === null) return [];
  const { textfile, writtenAt } = metrics;
  if (at - (writtenAt ?? daemon.startedAt ?? at) <= TEXTFILE_OLD_MS) return [];
  return [
    warning(`${textfile}: metrics are not written`, 'let the daemon write to its folder; docs/metrics.md tells how'),
  ];
}

function aboutStale(file: string): Finding {
  return warning(
    `${file} is not what the daemon works by`,
    'relaypass check --config-only; systemctl reload relaypass',
  );
}
