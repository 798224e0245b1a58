/**
 * Changes rows of a text map or a cdb: the whole file is written anew, from what it holds and not from the store, which
 * takes far longer to read. The rows keep their order: by key, or as they stand after those of an admin's source.
 */
import { readFile } from 'node:fs/promises';
import { readCdb } from './cdb.ts';
import { MapError } from './map-error.ts';
import { byKey, SENTINEL, type MapRow } from './render.ts';
import type { MapTarget } from './target.ts';

/** What is to be different in a map. */
export interface MapChange {
  readonly put: readonly MapRow[];
  readonly remove: readonly string[];
}

/**
 * All rows of the map that stands, with `change` made in them.
 * @throws MapError where it is no whole map
 */
export async function changedRows(target: MapTarget, { put, remove }: MapChange): Promise<MapRow[]> {
  const standing = rowsIn(target, await readFile(target.file));
  const replaced = new Set([...remove, ...put.map(({ key }) => key), SENTINEL.key]);
  const rows = [...standing.filter(({ key }) => !replaced.has(key)), ...put];
  const ordered = target.base === undefined ? rows.toSorted(byKey) : rows;
  return target.type === 'text' ? ordered : [...ordered, SENTINEL];
}

function rowsIn(target: MapTarget, bytes: Buffer): readonly MapRow[] {
  if (target.type !== 'text') {
    const rows = readCdb(bytes);
    if (rows?.at(-1)?.key !== SENTINEL.key) throw new MapError(target, 'cannot be changed: it is no whole cdb');
    return rows;
  }
  const lines = bytes.toString().split('\n');
  if (lines.pop() !== '') throw new MapError(target, 'cannot be changed: its last line is not ended');
  return lines.map((key) => ({ key, value: '' }));
}
