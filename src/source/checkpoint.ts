/**
 * What a file source stores of where it is: of each log its generations, known again by their content alone. Read back
 * with care, since a store can be damaged.
 *
 *     { version: 1, files: { "/var/log/mail.log": [{ path, offset, head, marker, skipping, done }] } }
 *
 * `head` and `marker` are base64. Generations that were read to their end are kept while their file is there, so that
 * they are not taken for new ones.
 */
import { statSync } from 'node:fs';
import { z } from 'zod';
import type { GenerationRecord } from './generation.ts';
import type { Checkpoint } from './source.ts';

const bytes = z.base64().transform((text) => Buffer.from(text, 'base64'));

const generation = z
  .strictObject({
    path: z.string(),
    offset: z.int().min(1),
    head: bytes,
    marker: bytes,
    skipping: z.boolean(),
    done: z.boolean(),
  })
  .refine(({ offset, head, marker }) => head.length <= offset && marker.length <= offset)
  .transform(({ offset, head, marker, ...rest }) => ({ ...rest, fingerprint: { offset, head, marker } }));

const checkpoint = z.strictObject({ version: z.literal(1), files: z.record(z.string(), z.array(generation)) });

/** The generations of each log. */
export type FileRecords = ReadonlyMap<string, readonly GenerationRecord[]>;

export function toCheckpoint(files: FileRecords): Checkpoint {
  const encoded = [...files].map(([file, records]) => [file, records.map(encode)]);
  return { version: 1, files: Object.fromEntries(encoded) };
}

/** Undefined for what is no checkpoint of a file source. */
export function fromCheckpoint(stored: Checkpoint): FileRecords | undefined {
  const { data } = checkpoint.safeParse(stored);
  return data && new Map(Object.entries(data.files));
}

function encode({ path, fingerprint: { offset, head, marker }, skipping, done }: GenerationRecord) {
  return { path, offset, head: head.toString('base64'), marker: marker.toString('base64'), skipping, done };
}

/** How much the logs hold behind their stored position; undefined for what is no checkpoint of a file source. */
export function unreadBytes(stored: Checkpoint): number | undefined {
  const files = fromCheckpoint(stored);
  if (files === undefined) return undefined;
  let unread = 0;
  for (const record of [...files.values()].flat()) {
    if (!record.done) unread += Math.max(0, sizeOf(record.path) - record.fingerprint.offset);
  }
  return unread;
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
