/**
 * Finds where in a log to begin, so that a first start reads minutes of it and not months, and nothing of another year: a
 * stamp without a year says of a line from a year ago that it is of now.
 *
 * Limits: a log that was silent for half a year between two lines shows no other year there.
 */
import type { Body } from './body.ts';

/** The time stamp of a line, epoch milliseconds; undefined where it has none that can be read. */
export type StampOf = (line: string) => number | undefined;

const PROBE_BYTES = 16_384; // two lines of the cap's length
/** An hour for the night in which daylight saving ends, and ten minutes for clocks that were set back. */
const SLACK_MS = 4_200_000;

/** More than any delay or clock that was set back: what goes back so far is of a later year than what is before it. */
const HALF_YEAR_MS = 15_552_000_000;
/** A stamp that names no year is never so far from another: this one does, of a device whose clock was reset. */
const TWO_YEARS_MS = 4 * HALF_YEAR_MS;
/** Every line of a log that holds few of a year, and each some 256 KB of a gigabyte. */
const MAX_SAMPLES = 4096;

/** The offset of a line older than `since`, before which all are older; 0, so that all is read, where that is not clear. */
export async function seek(body: Body, stampOf: StampOf, since: number): Promise<number> {
  return lastYearFrom(body, await seekInOrder(body, stampOf, since), stampOf);
}

/** By a binary search. 0 where a probe holds no time stamp or the probes are not in order. */
async function seekInOrder(body: Body, stampOf: StampOf, since: number): Promise<number> {
  const wanted = since - SLACK_MS;
  let low = await probe(body, 0, stampOf);
  if (low === undefined || low.stamp >= wanted) return 0;
  let high = { stamp: Infinity, offset: body.sizeBytes() };
  while (high.offset - low.offset > 2 * PROBE_BYTES) {
    const middle = Math.floor((low.offset + high.offset) / 2);
    const found = await probe(body, middle, stampOf);
    if (found === undefined || found.stamp < low.stamp || found.stamp > high.stamp) return 0;
    if (found.stamp < wanted) low = found;
    else high = { stamp: found.stamp, offset: middle };
  }
  return low.offset;
}

/** Where, at or after `from`, the lines of the last year begin. */
async function lastYearFrom(body: Body, from: number, stampOf: StampOf): Promise<number> {
  const size = body.sizeBytes();
  const stride = Math.ceil((size - from) / MAX_SAMPLES);
  let [begin, newest] = [from, -Infinity];
  for (let position = from; position < size;) {
    const found = await probe(body, position, stampOf);
    position = found === undefined ? position + PROBE_BYTES : found.offset + stride;
    if (found === undefined || found.stamp < newest - TWO_YEARS_MS) continue;
    const isOfLaterYear = found.stamp < newest - HALF_YEAR_MS;
    if (isOfLaterYear) begin = found.offset;
    newest = isOfLaterYear ? found.stamp : Math.max(newest, found.stamp);
  }
  return begin;
}

/** The first line with a time stamp at or after `position`, within a probe. */
async function probe(body: Body, position: number, stampOf: StampOf) {
  const text = (await body.read(position, PROBE_BYTES)).toString('latin1'); // a character a byte
  let start = position === 0 ? 0 : text.indexOf('\n') + 1;
  for (let end = text.indexOf('\n', start); end !== -1; end = text.indexOf('\n', start)) {
    const stamp = stampOf(text.slice(start, end));
    if (stamp !== undefined) return { stamp, offset: position + start };
    start = end + 1;
  }
  return undefined;
}
