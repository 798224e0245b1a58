/**
 * The admin's own source of a map, which ours is merged with: `/etc/mail/access`, or a table of Postfix. It is only ever
 * read. Its last good state is kept beside the map, so that a slip of the pen neither stops publishing nor takes the
 * admin's entries out of the map.
 *
 * Read as makemap and postmap read it: a key, blanks, a value; `#` begins a comment; in a table of Postfix a line that
 * begins with a blank continues the one before. What those tools would complain of is an error here, with its line.
 *
 * Limits: UTF-8; no quoted keys, no `@include`. A change that leaves the file's date as it was goes unnoticed.
 */
import { statSync } from 'node:fs';
import { readFile, rename, stat, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { errnoOf, reasonOf } from '../errors.ts';
import { MapError } from './map-error.ts';
import type { MapRow } from './render.ts';
import type { MapTarget } from './target.ts';

export interface Base {
  readonly rows: readonly MapRow[];
  /** When it was changed; a map that was merged with it bears the same date. */
  readonly date: Date;
  /** What is wrong with the admin's file; the rest is then its last good state. */
  readonly complaint: string | undefined;
}

/** The base of a map that has none. */
export const NO_BASE: Base = { rows: [], date: new Date(1000), complaint: undefined };

/**
 * What the target's map begins with: nothing where it has no base; `last`, as it was read before, where that has not
 * changed.
 * @throws MapError where the base is in error and was never good
 */
export async function readBase(target: MapTarget, last: Base = NO_BASE): Promise<Base> {
  if (target.base === undefined) return NO_BASE;
  if (last !== NO_BASE && isStill(last, target.base)) return last;
  const kept = keptFile(target.file);
  const now = await read(target, target.base);
  if ('rows' in now) {
    await keep(kept, now);
    return { ...now, complaint: undefined };
  }
  const before = await read(target, kept);
  if ('rows' in before) return { ...before, complaint: now.complaint };
  throw new MapError(target, now.complaint);
}

function isStill({ complaint, date }: Base, file: string): boolean {
  return complaint === undefined && dateOf(file)?.getTime() === date.getTime();
}

/** The date that the stand-in of the map `file` bears: that of its base, where it has had one. */
export function keptDate(file: string): Date {
  return dateOf(keptFile(file)) ?? NO_BASE.date;
}

function dateOf(file: string): Date | undefined {
  return statSync(file, { throwIfNoEntry: false })?.mtime;
}

function keptFile(file: string): string {
  return path.join(path.dirname(file), `.${path.basename(file)}.base`);
}

type Read = { readonly rows: readonly MapRow[]; readonly date: Date; readonly text: string };

async function read(target: MapTarget, file: string): Promise<Read | { readonly complaint: string }> {
  try {
    const { mtime } = await stat(file);
    const text = await readFile(file, 'utf8');
    const parsed = target.builder === 'makemap' ? parseMakemap(text) : parsePostmap(text);
    if ('line' in parsed) return { complaint: `${file}:${parsed.line}: ${parsed.complaint}` };
    return { rows: parsed.rows, date: mtime, text };
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return { complaint: `${file}: cannot be read: ${reasonOf(error)}` };
  }
}

async function keep(file: string, { text, date }: Read): Promise<void> {
  const kept = await stat(file).catch(() => undefined);
  if (kept?.mtime.getTime() === date.getTime()) return;
  const aside = `${file}.new`;
  await writeFile(aside, text, { mode: 0o600 }); // an access file may hold what is nobody's business
  await utimes(aside, date, date);
  await rename(aside, file);
}

/** The rows of a source, or what is wrong with it in which line. */
export type ParsedBase = { readonly rows: readonly MapRow[] } | { readonly line: number; readonly complaint: string };

const MAX_LINE_BYTES = 1023; // makemap's buffer

/** Reads `text` as makemap does. */
export function parseMakemap(text: string): ParsedBase {
  const lines = text.split('\n').map((line, index) => ({ text: line, line: index + 1 }));
  const long = lines.find(({ text: line }) => Buffer.byteLength(line) > MAX_LINE_BYTES);
  if (long !== undefined) return { line: long.line, complaint: `is longer than ${MAX_LINE_BYTES} bytes` };
  return rowsOf(lines.filter(({ text: line }) => line !== '' && !line.startsWith('#')));
}

/** Reads `text` as postmap does. */
export function parsePostmap(text: string): ParsedBase {
  const logical: { text: string; line: number }[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (/^\s*(#|$)/.test(line)) continue;
    const last = logical.at(-1);
    if (/^\s/.test(line) && last !== undefined) last.text += line;
    else logical.push({ text: line, line: index + 1 });
  }
  const parsed = rowsOf(logical);
  if ('line' in parsed) return parsed;
  return { rows: parsed.rows.map(({ key, value }) => ({ key: key.toLowerCase(), value })) }; // as postmap folds them
}

function rowsOf(lines: readonly { readonly text: string; readonly line: number }[]): ParsedBase {
  const rows: MapRow[] = [];
  const seenAt = new Map<string, number>();
  for (const { text, line } of lines) {
    const [, key, value] = /^(\S+)\s+(\S.*?)\s*$/s.exec(text) ?? [];
    if (key === undefined || value === undefined) return { line, complaint: 'expected a key, blanks and a value' };
    if (text.includes('\u{fffd}') || text.includes('\0')) return { line, complaint: 'expected text in UTF-8' };
    const first = seenAt.get(key.toLowerCase());
    if (first !== undefined) return { line, complaint: `has the same key as line ${first}` };
    seenAt.set(key.toLowerCase(), line);
    rows.push({ key, value });
  }
  return { rows };
}
