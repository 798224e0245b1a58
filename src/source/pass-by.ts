/** What a start passes by of a log: lines that are too old to be of use. A compressed file is read from its beginning. */
import type { Body } from './body.ts';
import { compare, fingerprintAt, type Fingerprint } from './fingerprint.ts';
import { seek, seekFrom, type StampOf } from './seek.ts';

export interface PassByOptions {
  /** Reads the time stamp of a line, epoch ms; with it a start need not read what is too old to be of use. */
  readonly stampOf?: StampOf | undefined;
  /** How much must have been written while nobody read for any of it to be passed by, bytes. @default 33554432 */
  readonly passByBytes?: number;
}

const PASS_BY_BYTES = 33_554_432; // read in a tenth of a second

/** Where to go on in `body`, of which `read` is known: behind what is from before `since`, or at what comes next. */
export async function passBy(
  body: Body,
  read: Fingerprint,
  since: number,
  { stampOf, passByBytes = PASS_BY_BYTES }: PassByOptions,
): Promise<Fingerprint> {
  const isNew = read.offset === 0;
  if (body.kind === 'gzip' || stampOf === undefined) return read;
  if (!isNew && body.sizeBytes() - read.offset < passByBytes) return read;
  const offset = isNew ? await seek(body, stampOf, since) : await seekFrom(body, read.offset, stampOf, since);
  const ahead = await fingerprintAt(body, offset);
  const isSame = (isNew || (await compare(read, body)) === 'same') && (await compare(ahead, body)) === 'same';
  return isSame && offset > read.offset ? ahead : read; // it may have been truncated meanwhile
}
