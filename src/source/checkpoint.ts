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
import * as z from 'zod';
import { errnoOf } from '../errors.ts';
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

/** How much the logs hold behind their stored position; undefined where that cannot be told. */
export function unreadBytes(stored: Checkpoint): number | undefined {
  const files = fromCheckpoint(stored);
  if (files === undefined) return undefined;
  const sizes = [...files.values()].flat().flatMap(({ done, path, fingerprint }) => {
    const size = done ? 0 : sizeOf(path);
    return size === undefined ? [undefined] : [Math.max(0, size - fingerprint.offset)];
  });
  return sizes.reduce((sum, size) => (sum === undefined || size === undefined ? undefined : sum + size), 0);
}

/** Undefined for a log that this user may not look at. */
function sizeOf(file: string): number | undefined {
  try {
    return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  } catch (error) {
    if (errnoOf(error) === 'EACCES') return undefined;
    throw error;
  }
}
