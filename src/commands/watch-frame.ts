/** One picture of `watch`: a headline, the entries, the last events; never more lines than the terminal has rows. */
import { formatDuration } from '../config/duration.ts';
import type { Login } from '../login/login.ts';
import type { Status } from '../status/status.ts';
import type { TrailEvent } from '../store/trail.ts';
import { eventColumns } from './event-columns.ts';
import { loginColumns } from './list.ts';
import { formatAgo, formatInstant } from './listing.ts';
import { cutTo, renderTable } from './table.ts';
import { paint, type Terminal } from './terminal.ts';

export interface Frame {
  readonly now: number;
  readonly daemon: Status['daemon'];
  /** The newest first. */
  readonly logins: readonly Login[];
  readonly addresses: number;
  /** The newest last. */
  readonly events: readonly TrailEvent[];
  readonly columns: number;
  readonly rows: number;
  readonly terminal: Pick<Terminal, 'hasColours'>;
}

const EVENTS_SHARE = 0.4; // of the rows
const HEADS = 4; // the headline, both tables' heads, and the blank line between them

export function renderFrame({ logins, events, columns, rows, terminal, ...facts }: Frame): string[] {
  const room = Math.max(0, rows - HEADS);
  const eventRows = Math.min(events.length, Math.max(Math.floor(room * EVENTS_SHARE), room - logins.length));
  const options = { hasHeader: true, terminal: { ...terminal, columns } };
  const shownEvents = eventRows === 0 ? [] : events.slice(-eventRows).toReversed();
  const lines = [
    paint(cutTo(headline(facts), columns), facts.daemon.running ? 'strong' : 'bad', terminal),
    ...renderTable(logins.slice(0, room - eventRows), loginColumns(formatAgo), options),
    '',
    ...renderTable(shownEvents, eventColumns(formatAgo), options),
  ];
  return lines.slice(0, rows);
}

function headline({ now, daemon, addresses }: Pick<Frame, 'now' | 'daemon' | 'addresses'>): string {
  const state = daemon.running
    ? `daemon running for ${formatDuration(now - (daemon.startedAt ?? now))}`
    : 'DAEMON NOT RUNNING';
  return `${addresses} may relay, ${state}, q ends  ${formatInstant(now)}`;
}
