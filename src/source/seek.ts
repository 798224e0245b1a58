/**
 * Finds where in a log to go on, so that a start reads what can still be of use and not months or gigabytes before it, and
 * a first start nothing of another year: a stamp without a year says of a line from a year ago that it is of now.
 *
 * Promises: what it passes by is older than asked, by the stamps of the places that it looks at: in each every line must
 * be, and where that leaves a doubt nothing is passed by. Where to go on lies {@link SLACK_MS} before that instant, so
 * that no line from before it can join or be repeated by one that counts.
 *
 * Limits: lines that went into the log hours after their stamps hide what came before them, where the search meets 16 KiB
 * of them with no other line in between, and none of those that they hide. A log that was silent for half a year between
 * two lines shows no other year there.
 */
import type { Body } from './body.ts';

/** The time stamp of a line, epoch milliseconds; undefined where it has none that can be read. */
export type StampOf = (line: string) => number | undefined;

const PROBE_BYTES = 16_384; // two lines of the cap's length
/** An hour for the night in which daylight saving ends, and ten minutes for clocks that were set back. */
const SLACK_MS = 4_200_000;
/** Hosts that write one log have clocks of their own. */
const JITTER_MS = 60_000;
/** Lines of a device whose clock is ahead make it search before them; those of one that always is, again and again. */
const MAX_SEARCHES = 8;

/** More than any delay or clock that was set back: what goes back so far is of a later year than what is before it. */
const HALF_YEAR_MS = 15_552_000_000;
/** A stamp that names no year is never so far from another: this one does, of a device whose clock was reset. */
const TWO_YEARS_MS = 4 * HALF_YEAR_MS;
/** Every line of a log that holds few of a year, and each some 256 KB of a gigabyte. */
const MAX_SAMPLES = 4096;

/** The offset of a line older than `since`, before which all are older; 0, so that all is read, where that is not clear. */
export async function seek(body: Body, stampOf: StampOf, since: number): Promise<number> {
  return lastYearFrom(body, await seekFrom(body, 0, stampOf, since), stampOf);
}

/** The same after `from`, the offset of a line of the last year; `from` where it is not clear. */
export async function seekFrom(body: Body, from: number, stampOf: StampOf, since: number): Promise<number> {
  const look = (position: number) => probe(body, position, stampOf, since - SLACK_MS);
  let end = body.sizeBytes();
  for (let searches = 0; searches < MAX_SEARCHES; searches += 1) {
    const old = await lastOld(from, end, look);
    const younger = old === undefined ? 'unclear' : await youngerBefore(old, from, look);
    if (old === undefined || younger === 'unclear') break;
    if (younger === 'none') return old;
    end = younger;
  }
  return from;
}

type Look = (position: number) => Promise<Probe | undefined>;

/** By a binary search, the offset of old lines with younger ones behind them; undefined where that is not clear. */
async function lastOld(from: number, end: number, look: Look): Promise<number | undefined> {
  let low = await look(Math.max(0, from - 1)); // the end of the line before
  if (low?.isOld !== true) return undefined;
  for (let high = end; high - low.offset > 2 * PROBE_BYTES;) {
    const middle = Math.floor((low.offset + high) / 2);
    const found = await look(middle);
    if (found === undefined || found.latest < low.latest - JITTER_MS) return undefined;
    if (found.isOld) low = found;
    else high = middle;
  }
  return low.offset;
}

/** Where in ever longer steps back from `old` there are lines that are not. */
async function youngerBefore(old: number, from: number, look: Look): Promise<number | 'none' | 'unclear'> {
  for (let step = PROBE_BYTES; old - step > from; step *= 2) {
    const found = await look(old - step);
    if (found === undefined) return 'unclear';
    if (!found.isOld) return old - step;
  }
  return 'none';
}

/** Where, at or after `from`, the lines of the last year begin. */
async function lastYearFrom(body: Body, from: number, stampOf: StampOf): Promise<number> {
  const size = body.sizeBytes();
  const stride = Math.ceil((size - from) / MAX_SAMPLES);
  let year = { begin: from, newest: -Infinity };
  let earlier = year;
  let last = -Infinity;
  for (let position = from; position < size;) {
    const found = await firstStamp(body, position, stampOf);
    position = found === undefined ? position + PROBE_BYTES : found.offset + stride;
    if (found === undefined || found.stamp < year.newest - TWO_YEARS_MS) continue;
    const { stamp, offset } = found;
    if (stamp > last + HALF_YEAR_MS && stamp >= earlier.newest - SLACK_MS)
      year = earlier; // a device's clock was reset
    else if (stamp < year.newest - HALF_YEAR_MS) [earlier, year] = [year, { begin: offset, newest: stamp }];
    year.newest = Math.max(year.newest, stamp);
    last = stamp;
  }
  return year.begin;
}

/** What the stamps say that are within {@link PROBE_BYTES} of a position. */
interface Probe {
  /** Of the first line that has one. */
  readonly offset: number;
  /** As far as the lines were looked at: up to one that is not old. */
  readonly latest: number;
  /** All of them are: one line of a device with a wrong clock must not make those beside it look old. */
  readonly isOld: boolean;
}

async function probe(body: Body, position: number, stampOf: StampOf, wanted: number): Promise<Probe | undefined> {
  let found: Probe | undefined;
  for (const { stamp, offset } of await stampsAt(body, position, stampOf)) {
    const latest = Math.max(stamp, found?.latest ?? stamp);
    found = { offset: found?.offset ?? offset, latest, isOld: latest < wanted };
    if (!found.isOld) break;
  }
  return found;
}

async function firstStamp(body: Body, position: number, stampOf: StampOf) {
  for (const first of await stampsAt(body, position, stampOf)) return first;
  return undefined;
}

/** The stamps of the whole lines at or after `position`, within a probe. */
async function stampsAt(body: Body, position: number, stampOf: StampOf) {
  return stampsIn((await body.read(position, PROBE_BYTES)).toString('latin1'), position, stampOf); // a character a byte
}

function* stampsIn(text: string, position: number, stampOf: StampOf) {
  let start = position === 0 ? 0 : text.indexOf('\n') + 1;
  for (let end = text.indexOf('\n', start); end !== -1; end = text.indexOf('\n', start)) {
    const stamp = stampOf(text.slice(start, end));
    if (stamp !== undefined) yield { stamp, offset: position + start };
    start = end + 1;
  }
}
