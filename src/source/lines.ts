/** Takes whole lines out of a chunk of a log, as bytes: decoding comes later, and only for lines that matter. */
import { LINE_CAP_BYTES } from './source.ts';

const LF = 10;

export interface Lines {
  /** Whole lines, each ended by LF and no longer with it than the cap. */
  readonly bytes: Buffer;
  /** How much of the chunk is dealt with; what is left is the beginning of an unfinished line. */
  readonly consumed: number;
  /** The chunk ended inside a line that is too long: what follows up to the next LF belongs to it. */
  readonly skipping: boolean;
  /** Lines dropped since they were too long. */
  readonly tooLong: number;
}

/**
 * The whole lines of `chunk`, which begins at the start of a line, or inside a line to be dropped where `skipping`.
 *
 * A line over the cap is dropped whole: cut short it might read as a login. NUL bytes before a line are dropped too:
 * they are the hole that a truncated file shows to a writer which does not append, or what a crash left of a block.
 */
export function takeLines(chunk: Buffer, skipping: boolean, capBytes = LINE_CAP_BYTES): Lines {
  const start = skipping ? chunk.indexOf(LF) + 1 : 0;
  if (skipping && start === 0) return { bytes: chunk.subarray(0, 0), consumed: chunk.length, skipping, tooLong: 0 };
  const end = Math.max(start, chunk.lastIndexOf(LF) + 1);
  const restAt = endOfNuls(chunk, end);
  const isRestTooLong = chunk.length - restAt >= capBytes;
  const { bytes, tooLong } = withoutLongLines(withoutNulsBeforeLines(chunk.subarray(start, end)), capBytes);
  return {
    bytes,
    consumed: isRestTooLong ? chunk.length : restAt,
    skipping: isRestTooLong,
    tooLong: tooLong + Number(isRestTooLong),
  };
}

function endOfNuls(chunk: Buffer, from: number): number {
  let at = from;
  while (chunk[at] === 0) at += 1;
  return at;
}

function withoutNulsBeforeLines(lines: Buffer): Buffer {
  const kept: Buffer[] = [];
  let keptTo = 0;
  for (let nul = lines.indexOf(0); nul !== -1; nul = lines.indexOf(0, nul)) {
    const end = endOfNuls(lines, nul);
    if (nul === 0 || lines[nul - 1] === LF) {
      kept.push(lines.subarray(keptTo, nul));
      keptTo = end;
    }
    nul = end;
  }
  return keptTo === 0 ? lines : Buffer.concat([...kept, lines.subarray(keptTo)]);
}

/** Leaps from LF to LF a cap's length at a time, so ordinary lines cost one look for many. */
function withoutLongLines(lines: Buffer, capBytes: number): { bytes: Buffer; tooLong: number } {
  const kept: Buffer[] = [];
  let keptTo = 0;
  let at = 0;
  while (at < lines.length) {
    const end = lines.lastIndexOf(LF, at + capBytes - 1) + 1;
    if (end > at) {
      at = end;
      continue;
    }
    kept.push(lines.subarray(keptTo, at));
    at = lines.indexOf(LF, at) + 1;
    keptTo = at;
  }
  if (keptTo === 0) return { bytes: lines, tooLong: 0 };
  return { bytes: Buffer.concat([...kept, lines.subarray(keptTo)]), tooLong: kept.length };
}
