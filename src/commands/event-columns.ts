import { formatDuration } from '../config/duration.ts';
import { REFUSALS, type Refusal } from '../login/admission.ts';
import type { TrailEvent } from '../store/trail.ts';
import { formatInstant, type Instants } from './listing.ts';
import type { Column } from './table.ts';
import type { Tone } from './terminal.ts';

const TONES: Readonly<Record<TrailEvent['kind'], Tone | undefined>> = {
  granted: 'good',
  refreshed: undefined,
  refused: 'bad',
  expired: 'faint',
  purged: 'doubtful',
};

/** How events of the audit trail are listed; their widths are those of common ones, for events that come one by one. */
export function eventColumns(instant: Instants): Column<TrailEvent>[] {
  return [
    { header: 'TIME', cell: ({ at }) => instant(at), width: 11 },
    { header: 'EVENT', cell: ({ kind }) => kind, tone: ({ kind }) => TONES[kind], isKey: true, width: 9 },
    { header: 'ADDRESS', cell: ({ address }) => address, isKey: true, width: 15 },
    { header: 'USER', cell: ({ user }) => user, width: 8 },
    { header: 'SERVICE', cell: ({ service }) => service, width: 7 },
    { header: 'WHY', cell: (event) => whyOf(event, instant) },
  ];
}

/** What stands behind an event: who did it, until when it permits, why it was refused or taken back. */
function whyOf({ at, by, reason, detail, expiresAt, whileOpen }: TrailEvent, instant: Instants): string {
  if (reason !== undefined) return `${reasonSentence(reason)}${detail === undefined ? '' : ` (${detail})`}`;
  const parts = [
    by === undefined ? undefined : `by ${by}`,
    expiresAt === undefined ? undefined : endText(at, expiresAt, instant),
    whileOpen && 'longer while its session is open',
  ];
  return parts.filter((part) => part !== undefined).join(', ');
}

/** Where times are relative, so is this one: an instant of twenty characters would be cut to nothing. */
function endText(at: number, expiresAt: number, instant: Instants): string {
  return instant === formatInstant ? `until ${formatInstant(expiresAt)}` : `for ${formatDuration(expiresAt - at)}`;
}

/** Why something was refused: a rule of admission, or a limit. */
function reasonSentence(reason: string): string {
  return isRefusal(reason) ? REFUSALS[reason] : `${reason} is reached`;
}

function isRefusal(reason: string): reason is Refusal {
  return Object.hasOwn(REFUSALS, reason);
}
