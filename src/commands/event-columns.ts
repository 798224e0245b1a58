import { REFUSALS, type Refusal } from '../login/admission.ts';
import type { TrailEvent } from '../store/trail.ts';
import { formatInstant } from './listing.ts';
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
export function eventColumns(instant: (at: number) => string): Column<TrailEvent>[] {
  return [
    { header: 'TIME', cell: ({ at }) => instant(at), width: 11 },
    { header: 'EVENT', cell: ({ kind }) => kind, tone: ({ kind }) => TONES[kind], isKey: true, width: 9 },
    { header: 'ADDRESS', cell: ({ address }) => address, isKey: true, width: 15 },
    { header: 'USER', cell: ({ user }) => user, width: 8 },
    { header: 'SERVICE', cell: ({ service }) => service, width: 7 },
    { header: 'WHY', cell: whyOf },
  ];
}

/** What stands behind an event: who did it, until when it permits, why it was refused or taken back. */
function whyOf({ by, reason, detail, expiresAt, whileOpen }: TrailEvent): string {
  if (reason !== undefined) return `${reasonSentence(reason)}${detail === undefined ? '' : ` (${detail})`}`;
  const parts = [
    by === undefined ? undefined : `by ${by}`,
    expiresAt === undefined ? undefined : `until ${formatInstant(expiresAt)}`,
    whileOpen && 'longer while its session is open',
  ];
  return parts.filter((part) => part !== undefined).join(', ');
}

/** Why something was refused: a rule of admission, or a limit. */
function reasonSentence(reason: string): string {
  return isRefusal(reason) ? REFUSALS[reason] : `${reason} is reached`;
}

function isRefusal(reason: string): reason is Refusal {
  return Object.hasOwn(REFUSALS, reason);
}
