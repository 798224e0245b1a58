/**
 * What of an earlier system's rows permits whom here. A key must be a whole address: one that is a prefix would be a
 * network. A value must say that it permits, or until when; whatever else it says permits nothing.
 */
import { admitGrant, REFUSALS, type AdmissionRules } from '../login/admission.ts';
import type { Login } from '../login/login.ts';
import { SENTINEL, type MapRow } from '../map/render.ts';

/** A row that permits nobody here, and why; untrusted text. */
interface RefusedRow {
  readonly row: MapRow;
  readonly reason: string;
}

export interface AdmittedRows {
  readonly logins: readonly Login[];
  readonly refused: readonly RefusedRow[];
}

/** What `rows` of `file` amount to: each address until its row's time, and for the grace at most. */
export function admitRows(rows: readonly MapRow[], file: string, rules: AdmissionRules, now: number): AdmittedRows {
  const logins: Login[] = [];
  const refused: RefusedRow[] = [];
  for (const row of rows.filter(({ key }) => key !== SENTINEL.key)) {
    const result = admitRow(row, `import ${file}`, rules, now);
    if (typeof result === 'string') refused.push({ row, reason: result });
    else logins.push(result);
  }
  return { logins, refused };
}

function admitRow(row: MapRow, name: string, rules: AdmissionRules, now: number): Login | string {
  const untilAt = permittedUntil(withoutNul(row.value), now + rules.graceMs);
  if (untilAt === undefined) return 'its value neither permits nor is a time';
  if (untilAt <= now) return `its time was up at ${new Date(untilAt).toISOString()}`;
  const grant = { address: addressOf(row.key), user: '-', name, graceMs: untilAt - now };
  const result = admitGrant(grant, rules, now);
  return 'refused' in result ? REFUSALS[result.refused] : result.admitted;
}

const PERMITS = /^(|ok|permit|relay)$/i; // a list's, pop-before-smtp's, Postfix's and Sendmail's
const SECONDS = /^\d{9,10}$/; // from 1973 on: a smaller number is no time, and says nothing that is known

function permittedUntil(value: string, latestAt: number): number | undefined {
  if (PERMITS.test(value)) return latestAt;
  return SECONDS.test(value) ? Math.min(Number(value) * 1000, latestAt) : undefined;
}

/** As an access map of Sendmail has it, or plain. */
function addressOf(key: string): string {
  return withoutNul(key)
    .replace(/^connect:/i, '')
    .replace(/^ipv6:/i, '');
}

/** Some programs keep the NUL that ends a string in C. */
function withoutNul(text: string): string {
  return text.replace(/\0$/, '');
}
