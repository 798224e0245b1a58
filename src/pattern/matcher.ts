/**
 * Finds the logins in what a source has read: it picks the lines that a pattern may match, and readings.ts reads them.
 * One matcher a source: it remembers what lines leave for later ones (a client that has connected, the line that
 * "repeated 3 times" stands for), as plain JSON to be stored with the source's checkpoint, so that a crash between two
 * joined lines loses nothing.
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
import type { Batch, LogRecord, Notice } from '../source/source.ts';
import { AwaitedSessions } from './awaited-sessions.ts';
import { CutLines, cutState, MIN_CUT_BYTES } from './cut-lines.ts';
import { droppedNotice, LOGGER_TAGS } from './dropped.ts';
import { HeaderReader } from './header.ts';
import type { Match } from './match.ts';
import type { Pattern } from './pattern.ts';
import { Readings, readingsState, type Line } from './readings.ts';
import { REPEATER_TAG } from './repeated-lines.ts';
import { Sieve } from './sieve.ts';
import { StampReader } from './stamp.ts';
import { TagTable } from './tag-table.ts';
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

export class Matcher {
  readonly counts: MatcherCounts = { lines: 0, skipped: 0, refused: 0, logins: new Map() };
  readonly #tags = new TagTable<Owner>();
  readonly #ownTags = new TagTable<Pattern>();
  readonly #sieve: Sieve;
  readonly #stamps = new StampReader();
  readonly #header = new HeaderReader(this.#stamps);
  readonly #cuts = new CutLines();
  readonly #readings: Readings;
  #awaited: AwaitedSessions | undefined;
  #notices: Notice[] = [];
  #now = 0;

  constructor(patterns: readonly Pattern[], source: string) {
    this.#readings = new Readings(source, this.counts);
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
    this.#readings.begin(since, logoutsSince);
    if (batch.kind === 'lines') this.#lines(batch.bytes);
    else for (const record of batch.records) this.#record(record);
    return this.#readings.found;
  }

  /**
   * Of the lines from before `instant`, epoch milliseconds, whose logins are too old to be of use, only logouts of the
   * sessions `ids` need be found.
   */
  awaitSessions(ids: readonly string[], instant: number): void {
    this.#awaited = new AwaitedSessions(ids, instant);
  }

  /** What loggers said they dropped, since the last call. */
  takeNotices(): Notice[] {
    const notices = this.#notices;
    this.#notices = [];
    return notices;
  }

  get state(): MatcherState {
    return { ...this.#readings.state, cuts: this.#cuts.state };
  }

  /** Takes up where a matcher of the same source had that `state`; one that is not understood is as none. */
  restore(state: unknown): void {
    const { data } = stateSchema.safeParse(state);
    if (data === undefined) return;
    this.#readings.restore(data);
    this.#cuts.restore(data.cuts);
  }

  #lines(bytes: Buffer): void {
    for (let start = 0, end = 0; start < bytes.length; start = end + 1) {
      end = bytes.indexOf(LF, start);
      if (end < 0) end = bytes.length;
      this.counts.lines++;
      const mayMatter = this.#sieve.passes(bytes, start, end) && !this.#isPastAtSight(bytes, start, end);
      if (!mayMatter || !this.#line(bytes, start, end)) this.#readings.passed();
    }
  }

  /** What {@link #line} would find of most old lines, for which their header need not be read. */
  #isPastAtSight(bytes: Buffer, start: number, end: number): boolean {
    const { stampEnd } = this.#sieve;
    if (stampEnd < 0 || end - start >= MIN_CUT_BYTES || this.#cuts.areAwaited) return false;
    const { pastBefore } = this.#readings;
    if (!this.#stamps.isOfMinuteBefore(pastBefore, bytes, start, stampEnd)) {
      const at = this.#stamps.at(bytes, start, stampEnd, this.#now) ?? Infinity;
      if (at >= pastBefore && !this.#isForNoAwaitedSession(at, bytes, end)) return false;
    }
    this.counts.skipped++;
    return true;
  }

  #isForNoAwaitedSession(at: number, bytes: Buffer, end: number): boolean {
    if (this.#awaited === undefined || at >= Math.min(this.#awaited.before, this.#readings.pastLoginsBefore))
      return false;
    return !this.#awaited.mayBeIn(bytes, this.#sieve.stampEnd, end);
  }

  /** Whether the line from `start` to `end` was for {@link RepeatedLines}. */
  #line(bytes: Buffer, start: number, end: number): boolean {
    const header = this.#header;
    if (!header.read(bytes, start, end)) return false;
    const { tagStart, tagEnd } = header;
    const own = header.isOwn ? this.#ownTags.find(bytes, tagStart, tagEnd) : undefined;
    const owners = own ?? this.#tags.find(bytes, tagStart, tagEnd);
    if (owners === undefined) return false;
    const messageStart = own === undefined ? header.messageStart : header.ownMessageStart;
    const at = header.at(this.#now);
    if (this.#isPart(owners, header, end - messageStart, at)) return this.#readings.refuse();
    const patterns = owners.filter((owner) => isPattern(owner));
    if (patterns.length > 0 && at !== undefined && this.#isPast(at, patterns)) return false;
    const text = bytes.toString('utf8', start, end);
    const isByteEach = text.length === end - start; // all but some names are ASCII, and need not be decoded twice
    const message = isByteEach ? text.slice(messageStart - start) : bytes.toString('utf8', messageStart, end);
    if (owners[0] === 'logger') return this.#notice(message);
    if (owners[0] === 'repeater') return this.#previousAgain(message, text);
    if (!patterns.some((pattern) => isWorthMatching(pattern, message))) return false;
    if (at === undefined) return this.#readings.refuse();
    const { host, tag, pid } = header;
    return this.#readings.read(patterns, { at, host, tag, pid, message, text });
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
    if (isPart || isUntrusted) this.#readings.refuse();
    if (isPart || patterns.length === 0 || this.#isPast(at, patterns)) return this.#readings.passed();
    const text = `${tag}${pid === undefined ? '' : `[${pid}]`}: ${message}`;
    if (!this.#readings.read(patterns, { at, host: '', tag, pid, message, text })) this.#readings.passed();
  }

  #isPast(at: number, patterns: readonly Pattern[]): boolean {
    const isPast = this.#readings.isPast(at, patterns);
    if (isPast) this.counts.skipped++;
    return isPast;
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
  #previousAgain(message: string, text: string): boolean {
    const at = this.#header.at(this.#now);
    return at !== undefined && this.#readings.previousAgain(this.#header.host, message, at, text);
  }
}

const LF = 0x0a;
const MAX_NOTICES = 100;
const stateSchema = readingsState.extend({ cuts: cutState });

function isPattern(owner: Owner): owner is Pattern {
  return typeof owner !== 'string';
}

function isWorthMatching({ rules }: Pattern, message: string): boolean {
  return rules.some(({ regex }) => message.includes(regex.literal));
}
