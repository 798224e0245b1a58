/**
 * Lists a log's rotated siblings: `mail.log.1`, `mail.log.2.gz`, `mail.log-20261124`, `mail.log-20261124.xz`.
 *
 * Limits: they are looked for in the log's own folder and, where the log is a symbolic link, in its target's; not in an
 * `olddir`, and not under names that put the number before an extension (`mail-20261124.log`).
 */
import fs from 'node:fs';
import path from 'node:path';
import { inodeOf, unavailable } from './body.ts';

export interface Sibling {
  readonly path: string;
  readonly inode: string;
  readonly sizeBytes: number;
  readonly changedAt: bigint;
  /** When it was last written to, epoch milliseconds. */
  readonly writtenAtMs: number;
  readonly format: 'plain' | 'gzip' | 'unknown';
}

const ROTATED = /(?<stamp>[.-]\d[\dT-]*)(?<compression>\.(?:gz|xz|zst|bz2|Z|lz4))?$/;
const UNKNOWN = /\.(?:xz|zst|bz2|Z|lz4)$/;

/** What a rotated file was called when it was the log: `mail.log` of `mail.log.2.gz`; undefined of any other name. */
export function nameBeforeRotation(name: string): string | undefined {
  const match = ROTATED.exec(name);
  return match === null ? undefined : name.slice(0, match.index);
}

/** The files that may hold lines of `log` besides it, oldest first, each once; `hints` are more places to look at. */
export function listSiblings(log: string, hints: readonly string[]): Sibling[] {
  const real = realPath(log);
  const logs = real === undefined || real === log ? [log] : [log, real];
  const byInode = new Map<string, Sibling>();
  for (const file of [...logs.flatMap(rotatedSiblings), ...hints]) {
    const sibling = describe(file);
    if (sibling !== undefined && !byInode.has(sibling.inode)) byInode.set(sibling.inode, sibling);
  }
  return [...byInode.values()];
}

/** The file that `log` names now, through all symbolic links. */
export function realPath(log: string): string | undefined {
  try {
    return fs.realpathSync(log);
  } catch (error) {
    unavailable(error, log);
    return undefined;
  }
}

function rotatedSiblings(log: string): string[] {
  const name = path.basename(log);
  const folder = path.dirname(log);
  const rotated = namesIn(folder).flatMap((entry) => {
    const match = entry.startsWith(name) ? ROTATED.exec(entry.slice(name.length)) : null;
    const stamp = match?.groups?.['stamp'];
    if (match?.index !== 0 || stamp === undefined) return [];
    return [{ entry, stamp, isCompressed: match.groups?.['compression'] !== undefined }];
  });
  const plain = new Set(rotated.filter(({ isCompressed }) => !isCompressed).map(({ stamp }) => stamp));
  return rotated
    .filter(({ isCompressed, stamp }) => !isCompressed || !plain.has(stamp)) // gzip is still at work on it
    .toSorted((a, b) => byAge(a.stamp, b.stamp))
    .map(({ entry }) => path.join(folder, entry));
}

/** Oldest first: `.2` before `.1`, but `-20261123` before `-20261124`; a host that changed its ways has dates or both. */
function byAge(a: string, b: string): number {
  const [numberA, numberB] = [numberOf(a), numberOf(b)];
  if (numberA !== undefined && numberB !== undefined) return numberB - numberA;
  if (numberA === undefined && numberB === undefined) return a < b ? -1 : 1;
  return numberA === undefined ? -1 : 1;
}

function numberOf(stamp: string): number | undefined {
  return /^\.\d{1,7}$/.test(stamp) ? Number(stamp.slice(1)) : undefined; // eight digits are a date
}

/** The names in `folder`, none where it cannot be listed now. */
export function namesIn(folder: string): string[] {
  try {
    return fs.readdirSync(folder);
  } catch (error) {
    unavailable(error, folder);
    return [];
  }
}

function describe(file: string): Sibling | undefined {
  try {
    const stats = fs.statSync(file, { bigint: true });
    if (!stats.isFile()) return undefined;
    return {
      path: file,
      inode: inodeOf(stats),
      sizeBytes: Number(stats.size),
      changedAt: stats.ctimeNs,
      writtenAtMs: Number(stats.mtimeMs),
      format: formatOf(file),
    };
  } catch (error) {
    unavailable(error, file);
    return undefined;
  }
}

function formatOf(file: string): Sibling['format'] {
  if (file.endsWith('.gz')) return 'gzip';
  return UNKNOWN.test(file) ? 'unknown' : 'plain';
}
