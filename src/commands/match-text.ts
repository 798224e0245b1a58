/** How `relaypass match` prints what it found: a line each for people, or a JSON object each for programs. */
import { escapeControls } from '../log.ts';
import { REASONS, type Outcome, type Summary } from './match-run.ts';

/** `login    dovecot  198.51.100.1  alice  imap  2026-11-23T18:00:00.000Z`, or the reason and the line. */
export function renderOutcome(outcome: Outcome): string {
  if (outcome.kind === 'missed') {
    const about = outcome.detail === '' ? '' : ` (${outcome.detail})`;
    return escapeControls(`missed   ${outcome.why}${about}: ${REASONS[outcome.why]}: ${outcome.line}`);
  }
  const { pattern, address, user = '-', service, at } = outcome.kind === 'failed' ? outcome.failure : outcome.match;
  const fields = [pattern, address === '' ? '-' : address, user, service, new Date(at).toISOString()].join('  ');
  return escapeControls(`${outcome.kind.padEnd('refused'.length)}  ${fields}${reasonText(outcome)}`);
}

function reasonText(outcome: Exclude<Outcome, { kind: 'missed' }>): string {
  if (outcome.kind === 'failed') return `  ${outcome.failure.reason}`;
  return outcome.kind === 'refused' ? `  ${outcome.why} (${outcome.detail}): ${REASONS[outcome.why]}` : '';
}

/** The same facts as JSON, one object a line; a user name stays as it was logged. */
export function outcomeJson(outcome: Outcome): string {
  const { kind, line } = outcome;
  if (outcome.kind === 'missed') return JSON.stringify({ kind, why: outcome.why, detail: outcome.detail, line });
  if (outcome.kind === 'failed') {
    const { pattern, address, user, service, at, reason } = outcome.failure;
    return JSON.stringify({ kind, pattern, address, user, service, at: new Date(at).toISOString(), reason, line });
  }
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
export function renderSummary({ lines, logins, logouts, patterns, refused, missed, failed }: Summary): string {
  const failures = failed === undefined ? '' : `, ${sum(failed)} failed`;
  return [
    `${lines} lines: ${logins} logins, ${logouts} logouts, ${sum(refused)} refused${failures}, ${sum(missed)} missed`,
    ...renderCounts('login', patterns),
    ...renderCounts('refused', refused),
    ...renderCounts('failed', failed ?? {}),
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
