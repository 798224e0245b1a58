/** Finds where in a log to begin, so that a first start reads minutes of it and not months. */
import type { Body } from './body.ts';

/** The time stamp of a line, epoch milliseconds; undefined where it has none that can be read. */
export type StampOf = (line: string) => number | undefined;

const PROBE_BYTES = 16_384; // two lines of the cap's length
/** An hour for the night in which daylight saving ends, and ten minutes for clocks that were set back. */
const SLACK_MS = 4_200_000;

/**
 * The offset of a line older than `since`, before which all are older: found by a binary search. 0, so that all of the
 * file is read, where a probe holds no time stamp or the probes are not in order.
 */
export async function seek(body: Body, stampOf: StampOf, since: number): Promise<number> {
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
