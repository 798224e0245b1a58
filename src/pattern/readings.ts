/**
 * What the lines of one source tell, by the rules of their patterns: logins and logouts, and what lines leave for later
 * ones (a client that has connected, a login that a logger may say was repeated).
 */
import * as z from 'zod';
import type { Captures } from './compile.ts';
import { joinedState, JoinedLines } from './joined-lines.ts';
import type { Match } from './match.ts';
import type { Pattern, Rule } from './pattern.ts';
import { RepeatedLines, repeatedMessage, repeatState } from './repeated-lines.ts';
import { hasControls, serviceOf } from './text.ts';

/** A line that a pattern may match. */
export interface Line {
  readonly at: number;
  readonly host: string;
  readonly tag: string;
  readonly pid: number | undefined;
  readonly message: string;
  /** All of it, for `show`. */
  readonly text: string;
}

/** What is counted of the lines that are read. */
interface ReadingCounts {
  skipped: number;
  refused: number;
  readonly logins: Map<string, number>;
}

/** Reads the lines of one source. */
export class Readings {
  /** The logins and logouts since {@link begin}. */
  found: Match[] = [];
  readonly #source: string;
  readonly #counts: ReadingCounts;
  readonly #joined = new JoinedLines();
  readonly #repeats = new RepeatedLines();
  /** When the last logout line of a pattern was logged: whether its server logs them here. */
  readonly #logoutAt = new Map<string, number>();
  #since = -Infinity;
  #logoutsSince = -Infinity;

  constructor(source: string, counts: ReadingCounts) {
    this.#source = source;
    this.#counts = counts;
  }

  /** Nothing is found yet; older logins and logouts will not be. */
  begin(since: number, logoutsSince: number): void {
    this.#since = since;
    this.#logoutsSince = logoutsSince;
    this.found = [];
  }

  get state(): Readonly<Record<string, unknown>> {
    return { joined: this.#joined.state, repeats: this.#repeats.state, logoutAt: [...this.#logoutAt] };
  }

  restore({ joined, repeats, logoutAt }: z.output<typeof readingsState>): void {
    this.#joined.restore(joined);
    this.#repeats.restore(repeats);
    for (const [pattern, at] of logoutAt) this.#logoutAt.set(pattern, at);
  }

  /** A line that was no login has gone by. */
  passed(): void {
    this.#repeats.passed();
  }

  /** Whether `message` of classic syslogd, the line `text`, repeats a login right before; several may follow each other. */
  previousAgain(host: string, message: string, at: number, text: string): boolean {
    const match = this.#repeats.previous(host, message);
    if (match === undefined) return false;
    this.#emit({ ...match, at, line: text });
    return true;
  }

  /** Whatever was logged before is too old to be of use: what a catch-up does not decode. */
  get pastBefore(): number {
    return Math.min(this.pastLoginsBefore, this.#logoutsSince);
  }

  /** Whatever was logged before can be of use as a logout alone. */
  get pastLoginsBefore(): number {
    return this.#since - OPEN_SLACK_MS;
  }

  /** Whether a line of `patterns`, logged `at`, is too old to be of use. */
  isPast(at: number, patterns: readonly Pattern[]): boolean {
    return at < this.#logoutsSince && patterns.every((pattern) => this.#isPastLogin(at, pattern));
  }

  /** Too old for a login, to open one after `since`, and to be the first of a day to show that the server logs logouts. */
  #isPastLogin(at: number, { name, openMs, rules }: Pattern): boolean {
    const isOfUse = openMs > 0 || (!this.#logsLogouts(name, at) && rules.some(({ kind }) => kind === 'logout'));
    return at < (isOfUse ? this.pastLoginsBefore : this.#since);
  }

  #logsLogouts(pattern: string, at: number): boolean {
    return at - (this.#logoutAt.get(pattern) ?? -Infinity) <= LOGOUTS_LOGGED_MS;
  }

  /** Counts a line that was refused. */
  refuse(): false {
    this.#counts.refused++;
    return false;
  }

  /** Whether `line`, of which one of `patterns` may have a rule, was a login that a logger may repeat. */
  read(patterns: readonly Pattern[], line: Line): boolean {
    if (hasControls(line.message)) return this.refuse();
    const repeated = repeatedMessage(line.message);
    if (repeated !== undefined) return this.#again(line, repeated);
    for (const pattern of patterns) {
      const isPastLogin = this.#isPastLogin(line.at, pattern);
      for (const rule of pattern.rules) {
        if (isPastLogin && rule.kind !== 'logout') continue;
        const captures = rule.regex.match(line.message);
        if (captures !== undefined) return this.#apply(pattern, rule, captures, line);
      }
    }
    return false;
  }

  /** `message repeated 3 times: [ ...]` */
  #again(line: Line, message: string): boolean {
    const match = this.#repeats.find(line.host, line.tag, message);
    if (match !== undefined) this.#emit({ ...match, at: line.at, line: line.text });
    return false;
  }

  #apply(pattern: Pattern, rule: Rule, captures: Captures, line: Line): boolean {
    if (rule.kind === 'login') return this.#login(pattern, rule, captures, line);
    if (rule.kind === 'open') this.#joined.open(pattern, captures, line);
    if (rule.kind === 'close') this.#joined.close(pattern, captures, line);
    if (rule.kind === 'logout') {
      this.#logoutAt.set(pattern.name, line.at);
      this.#emit(this.#matchOf(pattern, rule, captures, line, captures['address'] ?? ''));
    }
    return false;
  }

  #login(pattern: Pattern, rule: Rule, captures: Captures, line: Line): boolean {
    const address = this.#joined.addressOf(pattern, rule, captures, line);
    if (address === undefined || !isUser(captures['user'], pattern.userLimit)) return this.refuse();
    const match = this.#matchOf(pattern, rule, captures, line, address);
    this.#emit(match);
    if (rule.needsOpen === 'always') return false;
    this.#repeats.add(line.host, line.tag, line.message, match);
    return true;
  }

  #matchOf(pattern: Pattern, rule: Rule, captures: Captures, line: Line, address: string): Match {
    const { server, session, user } = captures;
    return {
      kind: rule.kind === 'logout' ? 'logout' : 'login',
      pattern: pattern.name,
      user: user ?? '',
      address,
      serverAddress: server,
      service: serviceOf(captures['service'] ?? rule.service ?? line.tag),
      session: this.#logsLogouts(pattern.name, line.at) ? session : undefined,
      at: line.at,
      source: this.#source,
      line: line.text,
    };
  }

  #emit(match: Match): void {
    if (match.at < (match.kind === 'logout' ? this.#logoutsSince : this.#since)) {
      this.#counts.skipped++;
      return;
    }
    const { logins } = this.#counts;
    if (match.kind === 'login') logins.set(match.pattern, (logins.get(match.pattern) ?? 0) + 1);
    this.found.push(match);
  }
}

/** The longest that a pattern file may let an open line wait: older lines can be of no use to a login after `since`. */
const OPEN_SLACK_MS = 600_000;
/** A server that has logged no logout with a session id for a day does not log them: its sessions cannot be followed. */
const LOGOUTS_LOGGED_MS = 86_400_000;

/** The JSON of {@link Readings.state}. */
export const readingsState = z.object({
  joined: joinedState,
  repeats: repeatState,
  logoutAt: z.array(z.tuple([z.string(), z.number()])),
});

function isUser(user = '', limit: number): boolean {
  return user !== '' && user.length <= limit && !/[<>]/.test(user);
}
