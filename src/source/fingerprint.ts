/**
 * How a log is known again: by its own first bytes and by those right before where it was read to. Names change with
 * every rotation and inode numbers are used again; what was written stays, in a copy and in a compressed file as well.
 *
 * Limits: two files whose first 256 bytes and whose 64 bytes before the same offset are equal are taken for one. With a
 * time stamp in each line no two are.
 */
import type { Body } from './body.ts';

export interface Fingerprint {
  /** How far the file has been read: always the start of a line, or inside one that is skipped. */
  readonly offset: number;
  /** The first {@link HEAD_BYTES} of the file, as far as they have been read. */
  readonly head: Buffer;
  /** The last {@link MARKER_BYTES} before the offset. */
  readonly marker: Buffer;
}

const HEAD_BYTES = 256; // two lines or so; kept as they are, so that a copy that is shorter can be compared too
const MARKER_BYTES = 64;
const LF = 10;

export const NOTHING_READ: Fingerprint = { offset: 0, head: Buffer.alloc(0), marker: Buffer.alloc(0) };

/** The fingerprint after `consumed`, the bytes that follow `fingerprint`'s offset. */
export function advance({ offset, head, marker }: Fingerprint, consumed: Buffer): Fingerprint {
  return {
    offset: offset + consumed.length,
    head: Buffer.concat([head, consumed.subarray(0, HEAD_BYTES - head.length)]),
    marker: Buffer.concat([marker, consumed.subarray(-MARKER_BYTES)]).subarray(-MARKER_BYTES),
  };
}

/** The fingerprint of what `body` holds before `offset`. */
export async function fingerprintAt(body: Body, offset: number): Promise<Fingerprint> {
  const head = await body.read(0, Math.min(offset, HEAD_BYTES));
  const markerAt = Math.max(0, offset - MARKER_BYTES);
  return { offset, head, marker: await body.read(markerAt, offset - markerAt) };
}

/** Tells no file from another: nothing was read, or half a line, or the NULs of a hole, which any file may begin with. */
export function isBlank({ head, marker }: Fingerprint): boolean {
  return isHole(marker) || (head.length < HEAD_BYTES && !head.includes(LF));
}

/** The first bytes alone tell the file from others. */
export function hasTellingHead(fingerprint: Fingerprint): boolean {
  return !isBlank(fingerprint) && !isHole(fingerprint.head);
}

/** What a file has in common with one that was read: it is the same or a copy, the first part of it, or another. */
export type Likeness = 'same' | 'shorter' | 'different';

/** Tells whether `body` holds what was read; nothing is like a blank fingerprint. */
export async function compare(fingerprint: Fingerprint, body: Body): Promise<Likeness> {
  const { offset, head, marker } = fingerprint;
  if (isBlank(fingerprint)) return 'different';
  const begun = await compareHeads(fingerprint, body);
  if (begun === 'different') return 'different';
  const before = await body.read(offset - marker.length, marker.length);
  if (before.length === marker.length) return before.equals(marker) ? 'same' : 'different';
  return isHole(head) ? 'different' : 'shorter';
}

/** As {@link compare}, by the first bytes alone: to come to the marker, a compressed file must be decompressed. */
export async function compareHeads({ head }: Fingerprint, body: Body): Promise<Likeness> {
  const start = await body.read(0, head.length);
  if (start.equals(head)) return 'same';
  const isPart = start.includes(LF) && head.subarray(0, start.length).equals(start);
  return isPart ? 'shorter' : 'different';
}

function isHole(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0);
}
