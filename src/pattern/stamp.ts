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

/** Epoch milliseconds of the stamp that `text` is, undefined where it is none or names a day that does not exist. */
export function parseStamp(text: string, now: number): number | undefined {
  const parts = partsOf(text);
  const month = monthOf(parts?.['month']);
  if (parts === undefined || month === undefined) return undefined;
  const civil: Civil = {
    month,
    day: Number(parts['day']),
    hour: Number(parts['hour']),
    minute: Number(parts['minute']),
    second: Number(parts['second']),
    fractionMs: Math.floor(Number(`0${parts['fraction'] ?? ''}`) * 1000),
  };
  if (civil.hour > 23 || civil.minute > 59 || civil.second > 60) return undefined;
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
