/** The screen of `status`: a label and its facts, wrapped to the terminal's width. */
import { formatDuration } from '../config/duration.ts';
import { escapeControls } from '../log.ts';
import type { LookupStatus } from '../status/lookup-status.ts';
import type { MapStatus } from '../status/map-status.ts';
import type { MetricsStatus } from '../status/metrics-status.ts';
import type { SourceStatus } from '../status/source-status.ts';
import type { Status } from '../status/status.ts';
import { paint, type Terminal, type Tone } from './terminal.ts';
import { wrap } from './wrap.ts';

const LABEL_WIDTH = 11;
const LEAST_WIDTH = 20;

export function renderStatus(status: Status, terminal: Pick<Terminal, 'columns' | 'hasColours'>): string[] {
  const { at, daemon, sources, entries, maps, lookups, cluster, metrics, lastHour, warnings } = status;
  const item = (label: string, text: string, tone?: Tone) => renderItem({ label, text, tone }, terminal);
  const hour = Object.entries(lastHour).map(([kind, count]) => `${count} ${kind}`);
  return [
    ...item('Daemon', daemonText(daemon, at), daemon.running ? 'good' : 'bad'),
    ...sources.flatMap((source) => item('Source', sourceText(source, at))),
    ...item('Entries', `${entries.permitted} of ${entries.max} at most`),
    ...maps.flatMap((map) => item('Map', mapText(map, at), map.state === 'true' ? 'good' : 'bad')),
    ...lookups.flatMap((lookup) => item('Look-ups', lookupText(lookup))),
    ...(cluster === null ? [] : item('Cluster', clusterText(cluster, at), CLUSTER_TONES[cluster.link])),
    ...(metrics === null ? [] : item('Metrics', metricsText(metrics, at))),
    ...item('Last hour', hour.join(', ')),
    ...warnings.flatMap(({ severity, what, todo }) => [
      ...item(severity === 'error' ? 'ERROR' : 'Warning', what, severity === 'error' ? 'bad' : 'doubtful'),
      ...item('', `-> ${todo}`),
    ]),
  ];
}

interface Item {
  readonly label: string;
  readonly text: string;
  readonly tone: Tone | undefined;
}

function renderItem({ label, text, tone }: Item, terminal: Pick<Terminal, 'columns' | 'hasColours'>): string[] {
  const width = Math.max(LEAST_WIDTH, (terminal.columns ?? Infinity) - LABEL_WIDTH);
  return wrap(escapeControls(text), width).map((line, index) => {
    const head = (index === 0 ? label : '').padEnd(LABEL_WIDTH);
    return `${paint(head, 'strong', terminal)}${paint(line, tone, terminal)}`.trimEnd();
  });
}

function daemonText({ running, pid, startedAt }: Status['daemon'], now: number): string {
  return running ? `running for ${formatDuration(now - (startedAt ?? now))}, pid ${pid}` : 'not running';
}

function sourceText({ id, readAt, lastMatchAt, unreadBytes }: SourceStatus, now: number): string {
  const ago = (at: number | null) => (at === null ? 'never' : `${formatDuration(now - at)} ago`);
  const unread = unreadBytes === null ? '' : `, ${unreadBytes} bytes unread`;
  return `${id}: last line ${ago(readAt)}, last login ${ago(lastMatchAt)}${unread}`;
}

const MAP_STATES = {
  true: 'true',
  behind: 'behind the store',
  foreign: 'not the one published',
  emptied: 'empty stand-in',
  missing: 'missing',
} as const;

function mapText({ file, state, placedAt }: MapStatus, now: number): string {
  const age = placedAt === null ? '' : `, built ${formatDuration(now - placedAt)} ago`;
  return `${file}: ${MAP_STATES[state]}${age}`;
}

function lookupText({ protocol, listen, answers }: LookupStatus): string {
  const { permitted = 0, 'not-permitted': refused = 0, failed = 0 } = answers ?? {};
  const counts =
    answers === null ? 'nobody answers' : `${permitted} permitted, ${refused} not permitted, ${failed} failed`;
  return `${protocol} ${listen.join(' ')}: ${counts}`;
}

const CLUSTER_TONES = { up: 'good', down: 'bad', unknown: undefined } as const;

function clusterText(cluster: NonNullable<Status['cluster']>, now: number): string {
  if (cluster.link === 'unknown') return `${cluster.node}: nobody tells how it does`;
  const { node, link, since, lagMs = 0, unread = 0, unsent = 0, clockDifferenceMs } = cluster;
  const state = `${node}: ${link} for ${formatDuration(now - since)}`;
  if (link === 'down') return state;
  const clock = clockDifferenceMs === undefined ? '' : `, clock ${clockDifferenceMs} ms off`;
  return `${state}, ${unread} messages unread, ${unsent} logins unsent, last message ${lagMs} ms old${clock}`;
}

function metricsText({ listen, textfile, writtenAt }: MetricsStatus, now: number): string {
  const written = writtenAt === null ? 'not written' : `written ${formatDuration(now - writtenAt)} ago`;
  return [listen, textfile === null ? null : `${textfile} (${written})`].filter((part) => part !== null).join(', ');
}
