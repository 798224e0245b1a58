/**
 * Finds the logins in what a source has read. One matcher a source: it remembers what lines leave for later ones (a
 * client that has connected, the line that "repeated 3 times" stands for), as plain JSON to be stored with the
 * source's checkpoint, so that a crash between two joined lines loses nothing.
 *
 * A line is walked in its bytes. Only when its tag is a pattern's, its message starts as a match can (sieve.ts) and holds
 * the text that all of a regex's matches have is it decoded and matched: a log is read at disk speed, however many
 * patterns there are.
 *
 * Refused, and counted: a line with control characters, with a stamp that is none, that may be a piece of a longer one,
 * of a journal unit that is not the pattern's server, and a login without its user or without the line that must have
 * opened its session.
 *
 * Lines may come in any order, as several files or loggers bring them: what a stamp is worth is for admission to say.
 */
import * as z from 'zod';
import type { Batch, LogRecord, Notice } from '../source/source.ts';
import type { Captures } from './compile.ts';
import { CutLines, cutState, MIN_CUT_BYTES } from './cut-lines.ts';
import { droppedNotice, LOGGER_TAGS } from './dropped.ts';
import { HeaderReader } from './header.ts';
import type { Match } from './match.ts';
import { joinedState, JoinedLines } from './joined-lines.ts';
import type { Pattern, Rule } from './pattern.ts';
import { RepeatedLines, repeatedMessage, REPEATER_TAG, repeatState } from './repeated-lines.ts';
import { Sieve } from './sieve.ts';
import { StampReader } from './stamp.ts';
import { TagTable } from './tag-table.ts';
import { hasControls, serviceOf } from './text.ts';
import { isTrusted } from './trust.ts';

/** What a matcher has seen since it was made. */
export interface MatcherCounts {
  lines: number;
  /** Lines older than `since`, which were not looked at further. */
  skipped: number;
  /** Lines of a pattern's that were refused, see above. */
  refused: number;
  /** Logins that were found, a pattern. */
  readonly logins: Map<string, number>;
}

/** What a matcher knows of lines past; plain JSON. */
export type MatcherState = Readonly<Record<string, unknown>>;

/** Whose a tag is. */
type Owner = Pattern | 'logger' | 'repeater';

/** A line that a pattern may match. */
interface Line {
  readonly at: number;
  readonly host: string;
  readonly tag: string;
  readonly pid: number | undefined;
  readonly message: string;
  /** All of it, for `show`. */
  readonly text: string;
}

export class Matcher {
  readonly counts: MatcherCounts = { lines: 0, skipped: 0, refused: 0, logins: new Map() };
  readonly #source: string;
  readonly #tags = new TagTable<Owner>();
  readonly #ownTags = new TagTable<Pattern>();
  readonly #sieve: Sieve;
  readonly #stamps = new StampReader();
  readonly #header = new HeaderReader(this.#stamps);
  readonly #joined = new JoinedLines();
  readonly #cuts = new CutLines();
  readonly #repeats = new RepeatedLines();
  /** When the last logout line of a pattern was logged: whether its server logs them here. */
  readonly #logoutAt = new Map<string, number>();
  #notices: Notice[] = [];
  #found: Match[] = [];
  #now = 0;
  #since = -Infinity;
  #logoutsSince = -Infinity;

  constructor(patterns: readonly Pattern[], source: string) {
    this.#source = source;
    this.#sieve = new Sieve(patterns);
    for (const pattern of patterns) {
      for (const tag of pattern.tags) this.#tags.add(tag, pattern);
      for (const tag of pattern.ownTags) this.#ownTags.add(tag, pattern);
    }
    for (const tag of LOGGER_TAGS) this.#tags.add(tag, 'logger');
    this.#tags.add(REPEATER_TAG, 'repeater');
  }

  /**
   * The logins and logouts of `batch`, in their order, but for logins from before `since` and logouts from before
   * `logoutsSince`, which is no later.
   */
  match(batch: Batch, now: number, since = -Infinity, logoutsSince = since): Match[] {
    this.#now = now;
    this.#since = since;
    this.#logoutsSince = logoutsSince;
    this.#found = [];
    if (batch.kind === 'lines') this.#lines(batch.bytes);
    else for (const record of batch.records) this.#record(record);
    return this.#found;
  }

  /** What loggers said they dropped, since the last call. */
  takeNotices(): Notice[] {
    const notices = this.#notices;
    this.#notices = [];
    return notices;
  }

  get state(): MatcherState {
    const logoutAt = [...this.#logoutAt];
    return { joined: this.#joined.state, repeats: this.#repeats.state, cuts: this.#cuts.state, logoutAt };
  }

  /** Takes up where a matcher of the same source had that `state`; one that is not understood is as none. */
  restore(state: unknown): void {
    const { data } = stateSchema.safeParse(state);
    if (data === undefined) return;
    this.#joined.restore(data.joined);
    this.#repeats.restore(data.repeats);
    this.#cuts.restore(data.cuts);
    for (const [pattern, at] of data.logoutAt) this.#logoutAt.set(pattern, at);
  }

  #lines(bytes: Buffer): void {
    for (let start = 0, end = 0; start < bytes.length; start = end + 1) {
      end = bytes.indexOf(LF, start);
      if (end < 0) end = bytes.length;
      this.counts.lines++;
      const mayMatter =
        this.#sieve.passes(bytes, start, end) &&
        !this.#isPastAtSight(bytes, start, end) &&
        this.#header.read(bytes, start, end);
      if (!mayMatter || !this.#line(start)) this.#repeats.passed();
    }
  }

  /** What {@link #line} would find of most old lines, for which their header need not be read. */
  #isPastAtSight(bytes: Buffer, start: number, end: number): boolean {
    const { stampEnd } = this.#sieve;
    if (stampEnd < 0 || end - start >= MIN_CUT_BYTES || this.#cuts.areAwaited) return false;
    const at = this.#stamps.at(bytes, start, stampEnd, this.#now);
    return at !== undefined && this.#isPast(at);
  }

  /** Whether the line that starts at `start` and whose header was read was for {@link RepeatedLines}. */
  #line(start: number): boolean {
    const header = this.#header;
    const { bytes, tagStart, tagEnd, end } = header;
    const own = header.isOwn ? this.#ownTags.find(bytes, tagStart, tagEnd) : undefined;
    const owners = own ?? this.#tags.find(bytes, tagStart, tagEnd);
    if (owners === undefined) return false;
    const messageStart = own === undefined ? header.messageStart : header.ownMessageStart;
    const at = header.at(this.#now);
    if (this.#isPart(owners, header, end - messageStart, at)) return this.#refuse();
    const isRule = typeof owners[0] !== 'string';
    if (isRule && at !== undefined && this.#isPast(at)) return false;
    const ascii = bytes.toString('latin1', messageStart, end);
    if (owners[0] === 'logger') return this.#notice(ascii);
    if (owners[0] === 'repeater') return this.#previousAgain(start, ascii);
    const patterns = owners.filter((owner) => isPattern(owner));
    if (!patterns.some((pattern) => isWorthMatching(pattern, ascii))) return false;
    if (at === undefined) return this.#refuse();
    const { host, tag, pid } = header;
    const message = bytes.toString('utf8', messageStart, end);
    return this.#hit(patterns, { at, host, tag, pid, message, text: bytes.toString('utf8', start, end) });
  }

  #record({ at, tag, pid, message, trusted }: LogRecord): void {
    this.counts.lines++;
    const bytes = Buffer.from(tag);
    const owners = this.#tags.find(bytes, 0, bytes.length) ?? [];
    if (owners[0] === 'logger') this.#notice(message);
    const believed = owners.filter((owner) => isPattern(owner)).filter((owner) => isTrusted(owner, trusted));
    const isPart = this.#isPart(believed, { host: '', tag }, Buffer.byteLength(message), at);
    const patterns = believed.filter((pattern) => isWorthMatching(pattern, message));
    const isUntrusted =
      believed.length === 0 && owners.some((owner) => isPattern(owner) && isWorthMatching(owner, message));
    if (isPart || isUntrusted) this.#refuse();
    if (isPart || patterns.length === 0 || this.#isPast(at)) return this.#repeats.passed();
    const text = `${tag}${pid === undefined ? '' : `[${pid}]`}: ${message}`;
    if (!this.#hit(patterns, { at, host: '', tag, pid, message, text })) this.#repeats.passed();
  }

  /** Whether a line of `owners`' tag may be a piece of one that its logger has cut. */
  #isPart(owners: readonly Owner[], of: Pick<Line, 'host' | 'tag'>, bytes: number, at = this.#now): boolean {
    if (bytes < MIN_CUT_BYTES && !this.#cuts.areAwaited) return false;
    const limit = Math.min(...owners.map((owner) => (isPattern(owner) && owner.cutBytes) || Infinity));
    return limit < Infinity && this.#cuts.isPart(of.host, of.tag, at, bytes >= limit);
  }

  #notice(message: string): false {
    const notice = droppedNotice(message);
    if (notice !== undefined && this.#notices.length < MAX_NOTICES) this.#notices.push(notice);
    return false;
  }

  /** `last message repeated 3 times`; several may follow each other. */
  #previousAgain(start: number, message: string): boolean {
    const { bytes, host, end } = this.#header;
    const match = this.#repeats.previous(host, message);
    const at = this.#header.at(this.#now);
    if (match === undefined || at === undefined) return false;
    this.#emit({ ...match, at, line: bytes.toString('utf8', start, end) });
    return true;
  }

  /** Too old to be of use: what a catch-up does not decode. */
  #isPast(at: number): boolean {
    const isPast = this.#isPastLogin(at) && at < this.#logoutsSince;
    if (isPast) this.counts.skipped++;
    return isPast;
  }

  /** Too old for a login, and to open one after `since`. */
  #isPastLogin(at: number): boolean {
    return at < this.#since - OPEN_SLACK_MS;
  }

  #refuse(): false {
    this.counts.refused++;
    return false;
  }

  #hit(patterns: readonly Pattern[], line: Line): boolean {
    if (hasControls(line.message)) return this.#refuse();
    const repeated = repeatedMessage(line.message);
    if (repeated !== undefined) return this.#again(line, repeated);
    const isPastLogin = this.#isPastLogin(line.at);
    for (const pattern of patterns) {
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
    if (address === undefined || !isUser(captures['user'], pattern.userLimit)) return this.#refuse();
    const match = this.#matchOf(pattern, rule, captures, line, address);
    this.#emit(match);
    if (rule.needsOpen === 'always') return false;
    this.#repeats.add(line.host, line.tag, line.message, match);
    return true;
  }

  #matchOf(pattern: Pattern, rule: Rule, captures: Captures, line: Line, address: string): Match {
    const { server, session, user } = captures;
    const hasLogouts = line.at - (this.#logoutAt.get(pattern.name) ?? -Infinity) <= LOGOUTS_LOGGED_MS;
    return {
      kind: rule.kind === 'logout' ? 'logout' : 'login',
      pattern: pattern.name,
      user: user ?? '',
      address,
      serverAddress: server,
      service: serviceOf(captures['service'] ?? rule.service ?? line.tag),
      session: hasLogouts ? session : undefined,
      at: line.at,
      source: this.#source,
      line: line.text,
    };
  }

  #emit(match: Match): void {
    if (match.at < (match.kind === 'logout' ? this.#logoutsSince : this.#since)) {
      this.counts.skipped++;
      return;
    }
    const { logins } = this.counts;
    if (match.kind === 'login') logins.set(match.pattern, (logins.get(match.pattern) ?? 0) + 1);
    this.#found.push(match);
  }
}

const LF = 0x0a;
const MAX_NOTICES = 100;
/** The longest that a pattern file may let an open line wait: older lines can be of no use to a login after `since`. */
const OPEN_SLACK_MS = 600_000;
/** A server that has logged no logout with a session id for a day does not log them: its sessions cannot be followed. */
const LOGOUTS_LOGGED_MS = 86_400_000;

const stateSchema = z.object({
  joined: joinedState,
  repeats: repeatState,
  cuts: cutState,
  logoutAt: z.array(z.tuple([z.string(), z.number()])),
});

function isPattern(owner: Owner): owner is Pattern {
  return typeof owner !== 'string';
}

function isWorthMatching({ rules }: Pattern, ascii: string): boolean {
  return rules.some(({ regex }) => ascii.includes(regex.literal));
}

function isUser(user = '', limit: number): boolean {
  return user !== '' && user.length <= limit && !/[<>]/.test(user);
}
