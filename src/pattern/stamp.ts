/**
 * The time stamps that start a log line, and the instant each means.
 *
 *     Nov 23 18:00:00            RFC 3164 (day padded with a space or a zero; journalctl adds a fraction)
 *     2026-11-23T18:00:00+01:00  RFC 3339 (fraction, Z, or an offset with or without colon)
 *     2026-11-23 18:00:00        a server's own file: Dovecot 1.x, Exim
 *     Nov 23 2026 18:00:00       a server's own file: Apple
 *     Mon Nov 23 18:00:00 2026   a server's own file: Qpopper
 *
 * A stamp without a zone is local time of this process. One without a year is of the last year that does not put it
 * more than a day ahead: a December line read in January is days old, and one of April read in November is not of the
 * next year, where it would count as a login of now. In the hour that the end of daylight saving repeats it is the later
 * instant of the two unless that lies in the future.
 */

import { COLON, DASH, DIGIT_0, DOT, isDigit, LETTER_T, nextByte, SPACE } from './bytes.ts';

/** Where the stamp at `start` ends, -1 where there is none. Only the places of its separators are looked at. */
export function stampEndAt(bytes: Buffer, start: number, end: number): number {
  if (bytes[start + 3] === SPACE && bytes[start + 9] === COLON && bytes[start + 12] === COLON) {
    return bytes[start + 15] === DOT ? nextByte(bytes, SPACE, start + 15, end) : spaceAt(bytes, start + 15, end);
  }
  if (bytes[start + 4] === DASH && bytes[start + 7] === DASH && bytes[start + 13] === COLON) {
    return bytes[start + 10] === LETTER_T ? nextByte(bytes, SPACE, start + 19, end) : spaceAt(bytes, start + 19, end);
  }
  if (bytes[start + 3] !== SPACE) return -1;
  if (bytes[start + 6] === SPACE && bytes[start + 14] === COLON) return spaceAt(bytes, start + 20, end);
  return bytes[start + 7] === SPACE && bytes[start + 13] === COLON ? spaceAt(bytes, start + 24, end) : -1;
}

function spaceAt(bytes: Buffer, at: number, end: number): number {
  return at < end && bytes[at] === SPACE ? at : -1;
}

/** Whether the stamp from `start` to `end` has a year and no zone: no syslogd writes such a one. */
export function isOwnStamp(bytes: Buffer, start: number, end: number): boolean {
  const length = end - start;
  if (length === 19) return bytes[start + 10] === SPACE;
  if (length === 20) return bytes[start + 14] === COLON && bytes[start + 3] === SPACE;
  return length === 24 && bytes[start + 7] === SPACE;
}

/** Reads stamps, and remembers the last minute: to find its year and its daylight saving is most of the work. */
export class StampReader {
  /** The stamp that was parsed last, and where its second and what follows its fraction start. */
  #known: Buffer = Buffer.alloc(0);
  #second = 0;
  #zone = 0;
  #now = 0;
  #minuteAt: number | undefined;

  /** The instant of the stamp from `start` to `end`, undefined where it names none. */
  at(bytes: Buffer, start: number, end: number, now: number): number | undefined {
    if (this.#now !== now || !this.#isOfMinute(bytes, start, end)) {
      const second = secondOf(bytes, start, end);
      if (second < 0) return parseStamp(bytes.toString('latin1', start, end), now);
      this.#now = now;
      this.#remember(Buffer.from(bytes.subarray(start, end)), second);
    }
    const secondAt = start + this.#second;
    if (this.#minuteAt === undefined || !isDigit(bytes[secondAt]) || !isDigit(bytes[secondAt + 1])) return undefined;
    const second = digitAt(bytes, secondAt) * 10 + digitAt(bytes, secondAt + 1);
    if (second > MAX_SECOND) return undefined;
    return this.#minuteAt + second * 1000 + fractionOf(bytes, secondAt + 2, start + this.#zone);
  }

  /** Whether the stamp is of the minute that was read last, which was over at `instant`: no more need be known of most old lines. */
  isOfMinuteBefore(instant: number, bytes: Buffer, start: number, end: number): boolean {
    return (
      this.#minuteAt !== undefined &&
      this.#minuteAt <= instant - LONGEST_MINUTE_MS &&
      this.#isOfMinute(bytes, start, end)
    );
  }

  /** Whether a stamp differs from the known one in digits of its second and its fraction alone. */
  #isOfMinute(bytes: Buffer, start: number, end: number): boolean {
    const known = this.#known;
    const [length, second, zone] = [known.length, this.#second, this.#zone];
    if (length === 0 || length !== end - start) return false;
    for (let at = 0; at < second; at++) if (known[at] !== bytes[start + at]) return false;
    for (let at = zone; at < length; at++) if (known[at] !== bytes[start + at]) return false;
    for (let at = second; at < zone; at++) {
      if (known[at] !== bytes[start + at] && !(isDigit(known[at]) && isDigit(bytes[start + at]))) return false;
    }
    return true;
  }

  #remember(stamp: Buffer, second: number): void {
    let zone = second + 2;
    if (stamp[zone] === DOT)
      do zone++;
      while (isDigit(stamp[zone]));
    this.#known = stamp;
    this.#second = second;
    this.#zone = zone;
    const text = stamp.toString('latin1');
    const at = parseStamp(`${text.slice(0, second)}00${text.slice(second + 2)}`, this.#now);
    this.#minuteAt = at === undefined ? undefined : at - fractionOf(stamp, second + 2, zone);
  }
}

/** Where in the stamps of a logger the second is, counted from `start`; -1 in those of a server's own file. */
function secondOf(bytes: Buffer, start: number, end: number): number {
  if (bytes[start + 3] === SPACE && bytes[start + 12] === COLON && end - start >= 15) return 13;
  return bytes[start + 10] === LETTER_T && bytes[start + 16] === COLON && end - start >= 19 ? 17 : -1;
}

/** Milliseconds of `.123456` from `start` to `end`, which may be empty. */
function fractionOf(bytes: Buffer, start: number, end: number): number {
  let ms = 0;
  for (let at = start + 1, worth = 100; at < end && worth >= 1; at++, worth /= 10) ms += digitAt(bytes, at) * worth;
  return ms;
}

function digitAt(bytes: Buffer, at: number): number {
  return (bytes[at] ?? 0) - DIGIT_0;
}

/** A leap second is the 61st. */
const MAX_SECOND = 60;

/** Epoch milliseconds of the stamp that `text` is, undefined where it is none or names a day that does not exist. */
function parseStamp(text: string, now: number): number | undefined {
  const parts = partsOf(text);
  const month = monthOf(parts?.['month']);
  if (parts === undefined || month === undefined) return undefined;
  const civil: Civil = {
    month,
    day: Number(parts['day']),
    hour: Number(parts['hour']),
    minute: Number(parts['minute']),
    second: Number(parts['second']),
    fractionMs: Number((parts['fraction'] ?? '').slice(1, 4).padEnd(3, '0')),
  };
  if (civil.hour > 23 || civil.minute > 59 || civil.second > MAX_SECOND) return undefined;
  if (parts['year'] === undefined) return latest(civil, now);
  const year = Number(parts['year']);
  return parts['zone'] === undefined ? local(year, civil, now) : zoned(year, civil, parts['zone']);
}

interface Civil {
  /** From 0. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly fractionMs: number;
}

const TIME = String.raw`(?<hour>\d\d):(?<minute>\d\d):(?<second>\d\d)`;
const FORMS = [
  String.raw`(?<month>[A-Z][a-z]{2}) (?<day>[ 0-3]?\d) ${TIME}(?<fraction>\.\d{1,9})?`,
  String.raw`(?<year>\d{4})-(?<month>\d\d)-(?<day>\d\d)T${TIME}(?<fraction>\.\d{1,9})?(?<zone>Z|[+-]\d\d:?\d\d)`,
  String.raw`(?<year>\d{4})-(?<month>\d\d)-(?<day>\d\d) ${TIME}`,
  String.raw`(?<month>[A-Z][a-z]{2}) (?<day>[ 0-3]?\d) (?<year>\d{4}) ${TIME}`,
  String.raw`[A-Z][a-z]{2} (?<month>[A-Z][a-z]{2}) (?<day>[ 0-3]?\d) ${TIME} (?<year>\d{4})`,
].map((source) => new RegExp(`^${source}$`));

function partsOf(text: string): Readonly<Record<string, string | undefined>> | undefined {
  for (const form of FORMS) {
    const parts = form.exec(text)?.groups;
    if (parts !== undefined) return parts;
  }
  return undefined;
}

const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');

/** From 0, of `Nov` or `11`. */
function monthOf(text = ''): number | undefined {
  const month = /^\d/.test(text) ? Number(text) - 1 : MONTHS.indexOf(text);
  return month >= 0 && month <= 11 ? month : undefined;
}

const MINUTE_MS = 60_000;
const LONGEST_MINUTE_MS = MINUTE_MS + 1000; // with a leap second

function zoned(year: number, civil: Civil, zone: string): number | undefined {
  if (!isDay(year, civil)) return undefined;
  const utc = Date.UTC(year, civil.month, civil.day, civil.hour, civil.minute, civil.second, civil.fractionMs);
  const [, sign, hours, minutes] = /^([+-])(\d\d):?(\d\d)$/.exec(zone) ?? [];
  if (sign === undefined) return utc;
  return utc - (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * MINUTE_MS;
}

/** The latest instant that is at most a day ahead; February 29 only in years that have one. */
function latest(civil: Civil, now: number): number | undefined {
  const thisYear = new Date(now).getFullYear();
  for (const year of [thisYear + 1, thisYear, thisYear - 1]) {
    const at = local(year, civil, now);
    if (at !== undefined && at <= now + AHEAD_MS) return at;
  }
  return undefined;
}

/** A host's clock may be ahead, at new year's eve too; a line from further ahead is a year old. */
const AHEAD_MS = 24 * 60 * MINUTE_MS;

/** How far clocks are set back: an hour, or half of one on Lord Howe Island. */
const REPEATS_MS = [60 * MINUTE_MS, 30 * MINUTE_MS];
/** A line stamped up to this far ahead is a skewed clock's, not one of the coming hour. */
const SKEW_MS = MINUTE_MS;

function local(year: number, civil: Civil, now: number): number | undefined {
  if (!isDay(year, civil)) return undefined;
  const { month, day, hour, minute, second, fractionMs } = civil;
  const first = new Date(year, month, day, hour, minute, second, fractionMs).getTime();
  const again = REPEATS_MS.map((ms) => first + ms).find((at) => isSameClock(at, first));
  return again !== undefined && again <= now + SKEW_MS ? again : first;
}

function isSameClock(at: number, first: number): boolean {
  const [a, b] = [new Date(at), new Date(first)];
  return a.getHours() === b.getHours() && a.getMinutes() === b.getMinutes();
}

function isDay(year: number, { month, day }: Civil): boolean {
  return day >= 1 && new Date(Date.UTC(year, month, day)).getUTCDate() === day;
}
