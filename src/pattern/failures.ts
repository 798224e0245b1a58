/**
 * Finds the logins that failed, for whoever asks why somebody may not relay; the daemon has no part in it.
 *
 * To its matcher a failure is a login. So its line is believed by the same rules: anchored, of the server's tag or unit,
 * no piece of another line, joined with the line that opened its session, and counted where a logger repeats it.
 */
import type { CompiledRegex } from './compile.ts';
import type { Match } from './match.ts';
import { Matcher } from './matcher.ts';
import type { FailureRule, Pattern, Rule } from './pattern.ts';
import type { Single } from './singles.ts';

/** A login that failed, as a line tells it: nothing in it is more than the client's or the log's word. */
export interface Failure extends Pick<Match, 'pattern' | 'address' | 'service' | 'at' | 'source' | 'line'> {
  /** Whom the client said it was; undefined where it did not come to that, or the line does not tell. */
  readonly user: string | undefined;
  /** What the line means, in the pattern's words. */
  readonly reason: string;
}

/** Reads the lines of one source. */
export class FailureReader {
  readonly #matcher: Matcher;
  /** Of the rule that matched last. */
  #reason = '';

  constructor(patterns: readonly Pattern[], source: string) {
    const telling = patterns.filter(({ failures }) => failures.length > 0);
    this.#matcher = new Matcher(
      telling.map((pattern) => this.#asLogins(pattern)),
      source,
    );
  }

  /** The failures that `single` tells of, but for those from before `since`: several where a logger repeats its lines. */
  read({ batch }: Single, now: number, since = -Infinity): Failure[] {
    return this.#matcher.match(batch, now, since).map((match) => {
      const { pattern, user, address, service, at, source, line } = match;
      const known = user === NOBODY ? undefined : user;
      return { pattern, user: known, address, service, at, source, line, reason: this.#reason };
    });
  }

  #asLogins(pattern: Pattern): Pattern {
    const failures = pattern.failures.map((rule): Rule => ({ ...rule, kind: 'login', regex: this.#noting(rule) }));
    return { ...pattern, rules: [...failures, ...pattern.rules.filter(({ kind }) => kind === 'open')] };
  }

  /** A login needs a user; who failed may not have named one. */
  #noting({ regex, reason }: FailureRule): CompiledRegex {
    const match: CompiledRegex['match'] = (message) => {
      const captures = regex.match(message);
      if (captures === undefined) return undefined;
      this.#reason = reason;
      return { ...captures, user: captures['user'] || NOBODY };
    };
    return { ...regex, match };
  }
}

/** No line that a matcher believes holds it. */
const NOBODY = '\0';
