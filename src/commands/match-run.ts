/** What `relaypass match` finds: the patterns and the rules of admission over lines, and nothing written. */
import type { Login } from '../login/login.ts';
import { admit, REFUSALS, type AdmissionRules, type Refusal } from '../login/admission.ts';
import { FailureReader, type Failure } from '../pattern/failures.ts';
import { explainLine, explainRecord, MISSES, type Miss } from '../pattern/explain.ts';
import type { Match } from '../pattern/match.ts';
import { Matcher } from '../pattern/matcher.ts';
import type { Pattern } from '../pattern/pattern.ts';
import { singles, type Single } from '../pattern/singles.ts';
import type { Batch } from '../source/source.ts';
import { canonical } from './failed-logins.ts';

/** What became of a line. */
export type Outcome =
  | { readonly kind: 'login'; readonly line: string; readonly match: Match; readonly login: Login }
  | {
      readonly kind: 'refused';
      readonly line: string;
      readonly match: Match;
      readonly why: Refusal;
      readonly detail: string;
    }
  | { readonly kind: 'logout'; readonly line: string; readonly match: Match }
  | { readonly kind: 'failed'; readonly line: string; readonly failure: Failure }
  | { readonly kind: 'missed'; readonly line: string; readonly why: Miss; readonly detail: string };

/** Each reason for which an outcome is no login, as a sentence. */
export const REASONS: Readonly<Record<Refusal | Miss, string>> = { ...MISSES, ...REFUSALS };

/** How many lines became what. */
export interface Summary {
  lines: number;
  logins: number;
  logouts: number;
  /** Logins a pattern. */
  readonly patterns: Record<string, number>;
  /** Lines a reason: refused logins, and lines that are none. */
  readonly refused: Partial<Record<Refusal, number>>;
  readonly missed: Partial<Record<Miss, number>>;
  /** Failed logins a reason, where they were asked for. */
  readonly failed?: Record<string, number>;
}

/** With which patterns to look for what. */
export interface Search {
  readonly logins: readonly Pattern[];
  /** @default none: failed logins are lines like any others */
  readonly failures?: readonly Pattern[] | undefined;
}

export class MatchRun {
  readonly summary: Summary;
  readonly #patterns: readonly Pattern[];
  readonly #rules: AdmissionRules;
  readonly #matcher: Matcher;
  readonly #failures: FailureReader | undefined;

  constructor({ logins, failures }: Search, rules: AdmissionRules, source: string) {
    this.#patterns = logins;
    this.#rules = rules;
    this.#matcher = new Matcher(logins, source);
    this.#failures = failures && new FailureReader(failures, source);
    const counts = { lines: 0, logins: 0, logouts: 0, patterns: {}, refused: {}, missed: {} };
    this.summary = { ...counts, ...(failures && { failed: {} }) };
  }

  /** The outcome of each line of `batch`, in order; several where a logger repeats a failed login. */
  *feed(batch: Batch, now: number): Generator<Outcome> {
    for (const single of singles(batch)) {
      this.summary.lines++;
      for (const outcome of this.#outcomes(single, now)) {
        this.#count(outcome);
        yield outcome;
      }
    }
  }

  #outcomes(single: Single, now: number): Outcome[] {
    const { line } = single;
    const failures = this.#failures?.read(single, now) ?? [];
    const [match] = this.#matcher.match(single.batch, now);
    if (match !== undefined) return [this.#admit(match, line, now)];
    if (failures.length > 0) return failures.map((failure) => ({ kind: 'failed', line, failure: canonical(failure) }));
    return [this.#miss(single, now)];
  }

  #miss({ line, record }: Single, now: number): Outcome {
    const explanation =
      record === undefined ? explainLine(this.#patterns, line, now) : explainRecord(this.#patterns, record);
    return { kind: 'missed', line, ...explanation };
  }

  /** As admission would have decided when the line was written: a log of last week is not refused for its age. */
  #admit(match: Match, line: string, now: number): Outcome {
    if (match.kind === 'logout') return { kind: 'logout', line, match };
    const admission = admit(match, this.#rules, Math.min(match.at, now));
    if ('admitted' in admission) return { kind: 'login', line, match, login: admission.admitted };
    return { kind: 'refused', line, match, why: admission.refused, detail: admission.detail };
  }

  #count(outcome: Outcome): void {
    const { summary } = this;
    if (outcome.kind === 'logout') summary.logouts++;
    if (outcome.kind === 'refused') summary.refused[outcome.why] = (summary.refused[outcome.why] ?? 0) + 1;
    if (outcome.kind === 'failed' && summary.failed) {
      const { reason } = outcome.failure;
      summary.failed[reason] = (summary.failed[reason] ?? 0) + 1;
    }
    if (outcome.kind === 'missed') summary.missed[outcome.why] = (summary.missed[outcome.why] ?? 0) + 1;
    if (outcome.kind !== 'login') return;
    const { pattern } = outcome.match;
    summary.logins++;
    summary.patterns[pattern] = (summary.patterns[pattern] ?? 0) + 1;
  }
}
