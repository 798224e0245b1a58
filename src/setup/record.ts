/** What setup did, in a file of root's: undo goes by it, so it must not be the daemon's to write. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod';
import { EXIT, OperationalError } from '../errors.ts';
import { syncFolder } from '../map/durable.ts';
import { readIfThere, writeDurably } from './file.ts';

const recordSchema = z.array(
  z.object({
    file: z.string(),
    /** Where the file as it was is kept; null where there was none. */
    backup: z.string().nullable(),
    /** The fingerprint of its text then; null where there was none. */
    was: z.string().nullable(),
    /** The fingerprint of what was written. */
    is: z.string(),
    isGenerated: z.boolean(),
  }),
);

/** One file that was replaced, or made. */
export type Replaced = Readonly<z.infer<typeof recordSchema>[number]>;

/** The files in the order in which they are replaced. */
export function writeRecord(record: string, items: readonly Replaced[]): void {
  mkdirSync(path.dirname(record), { recursive: true, mode: 0o755 });
  writeDurably(record, `${JSON.stringify(items, undefined, 2)}\n`);
  syncFolder(path.dirname(record));
}

/** Undefined where there is none. @throws OperationalError `setup-changed`, 69, where it is none of ours */
export function readRecord(record: string): Replaced[] | undefined {
  const text = readIfThere(record);
  if (text === undefined) return undefined;
  const parsed = recordSchema.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  const message = `${record}: is not a record of setup: undo by hand, from the files NAME.before-relaypass`;
  throw new OperationalError('setup-changed', EXIT.unavailable, message);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // cut short, so no record
  }
}
