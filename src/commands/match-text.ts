/** How `relaypass match` prints what it found: a line each for people, or a JSON object each for programs. */
import { escapeControls } from '../log.ts';
import { REASONS, type Outcome, type Summary } from './match-run.ts';

/** `login    dovecot  198.51.100.1  alice  imap  2026-11-23T18:00:00.000Z`, or the reason and the line. */
export function renderOutcome(outcome: Outcome): string {
  if (outcome.kind === 'missed') {
    const about = outcome.detail === '' ? '' : ` (${outcome.detail})`;
    return escapeControls(`missed   ${outcome.why}${about}: ${REASONS[outcome.why]}: ${outcome.line}`);
  }
  const { pattern, address, user, service, at } = outcome.match;
  const fields = [pattern, address === '' ? '-' : address, user, service, new Date(at).toISOString()].join('  ');
  const reason = outcome.kind === 'refused' ? `  ${outcome.why} (${outcome.detail}): ${REASONS[outcome.why]}` : '';
  return escapeControls(`${outcome.kind.padEnd('refused'.length)}  ${fields}${reason}`);
}

/** The same facts as JSON, one object a line; a user name stays as it was logged. */
export function outcomeJson(outcome: Outcome): string {
  const { kind, line } = outcome;
  if (outcome.kind === 'missed') return JSON.stringify({ kind, why: outcome.why, detail: outcome.detail, line });
  const { pattern, user, service, session, at } = outcome.match;
  const address = outcome.kind === 'login' ? outcome.login.address : outcome.match.address;
  const why = outcome.kind === 'refused' ? { why: outcome.why, detail: outcome.detail } : {};
  return JSON.stringify({
    kind,
    pattern,
    address,
    user,
    service,
    session,
    at: new Date(at).toISOString(),
    ...why,
    line,
  });
}

/** The numbers at the end, the most frequent first. */
export function renderSummary({ lines, logins, logouts, patterns, refused, missed }: Summary): string {
  return [
    `${lines} lines: ${logins} logins, ${logouts} logouts, ${sum(refused)} refused, ${sum(missed)} missed`,
    ...renderCounts('login', patterns),
    ...renderCounts('refused', refused),
    ...renderCounts('missed', missed),
  ].join('\n');
}

function renderCounts(kind: string, counts: Readonly<Record<string, number>>): string[] {
  return Object.entries(counts)
    .toSorted(([, a], [, b]) => b - a)
    .map(([name, count]) => `  ${kind.padEnd('refused'.length)}  ${String(count).padStart(7)}  ${name}`);
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}
