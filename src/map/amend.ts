/**
 * Changes a few rows of a map, in a copy of the file that stands, so that a login costs the same in a map of a hundred
 * and of a hundred thousand. The copy is on the same file system (shared blocks, where that can do so) and is fenced
 * and renamed like a map that was built.
 *
 *     native     rewrite.ts
 *     hash       hash-file.ts, as long as it knows the file and may write it
 *     postmap    postmap -i -r, postmap -d -
 *     makemap    makemap -o -r, and editmap -x for each key to remove, since makemap removes nothing
 *
 * Checked as a build is: exit status and silence of the tool, and the last changed rows and the last row of the build
 * looked up in the result; of a hash file every changed row and that one.
 *
 * Limits: what the file had before is kept, so the caller makes sure that it is its own and whole. By makemap's tools a
 * row is removed only where there is an editmap. A cdb that a tool builds is never changed, since that format is written
 * in one go: postmap refuses -i for it.
 */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { copyMap, makeAside, NAME, type BuiltMap } from './aside.ts';
import { BUILD_TIMEOUT_MS, mustHaveLastRow } from './build.ts';
import { changeCdb } from './cdb-writer.ts';
import { syncFile } from './durable.ts';
import { HashFile } from './hash-file.ts';
import { lookUp } from './lookup.ts';
import { asMapError, MapError } from './map-error.ts';
import { answerOf, isKeyMissing, NO_SENDMAIL_CF, runMtaTool, type Means, type MtaToolRun } from './mta-tool.ts';
import { changedRows, type MapChange } from './rewrite.ts';
import { SENTINEL, sourceTexts, type MapRow } from './render.ts';
import type { MapTarget } from './target.ts';
import type { MapTools } from './tools.ts';

/** Changes maps; {@link createAmender} makes one. */
export interface MapAmender {
  /** Whether `change` can be made in a map of the target's kind with `rows` rows, and in less time than it takes to build it. */
  suits(target: MapTarget, change: MapChange, rows: number): boolean;
  /**
   * Makes `change` in a copy of the map that stands: in `copy`, where the caller has one.
   * @throws MapError: nothing is left behind, the map that stands is untouched
   */
  amend(target: MapTarget, change: MapChange, copy?: BuiltMap): Promise<BuiltMap>;
}

/** An amender that uses `tools`, each run limited to `timeoutMs`. */
export function createAmender(tools: MapTools, timeoutMs: number = BUILD_TIMEOUT_MS): MapAmender {
  return {
    suits: (target, { put, remove }, rows) => {
      if (put.length + remove.length > FEW + rows / 4) return false;
      if (target.type === 'cdb' && target.builder !== 'native') return false;
      if (target.builder !== 'makemap' || remove.length === 0 || isHashFile(target)) return true;
      return remove.length <= FEW + rows / ROWS_A_REMOVAL && tools.find('editmap') !== undefined;
    },
    amend: async (target, change, copy) => {
      const means = { tools, timeoutMs };
      if (isRewritten(target)) return rewrite(target, change, means);
      return changeIn(copy ?? (await copyMap(target)), target, change, means);
    },
  };
}

/** Whether a change is not made in a copy, but in all of a new file. */
export function isRewritten({ builder }: MapTarget): boolean {
  return builder === 'native';
}

/** Of a hash file the pages are changed, and on their way to the disk, when this returns. */
async function changeIn(copy: BuiltMap, target: MapTarget, change: MapChange, means: Means): Promise<BuiltMap> {
  try {
    const isChanged = changeHashFile(target, copy.file, change);
    if (!isChanged) await changeRows(target, path.dirname(copy.file), change, means);
    await syncFile(copy.file, 'bytes');
    return copy;
  } catch (error) {
    await copy.remove();
    throw asMapError(target, 'cannot be changed', error);
  }
}

function rewrite(target: MapTarget, change: MapChange, means: Means): Promise<BuiltMap> {
  return makeAside(target, {
    write: async (file) => {
      if (target.type === 'text') await writeFile(file, sourceTexts(await changedRows(target, change)));
      else await changeCdb(target, file, change);
    },
    check: (file) => mustHaveLastRow(target, file, means),
  });
}

// An editmap takes 4 ms, and a build of n rows some 10 ms + n * 8 us.
const FEW = 3;
const ROWS_A_REMOVAL = 500;

function isHashFile(target: MapTarget): boolean {
  const hash = openHash(target, target.file);
  hash?.close();
  return hash !== undefined;
}

function openHash({ type, toolOnly }: MapTarget, file: string): HashFile | undefined {
  return type === 'hash' && toolOnly !== true ? HashFile.open(file) : undefined;
}

/** False where the file is of no kind that we know or may write: then it is as it was. */
function changeHashFile(target: MapTarget, file: string, { put, remove }: MapChange): boolean {
  const hash = openHash(target, file);
  if (hash === undefined) return false;
  try {
    const toBytes = (text: string) => Buffer.from(target.builder === 'postmap' ? `${text}\0` : text);
    const toKey = (key: string) => toBytes(key.toLowerCase());
    for (const key of remove) hash.remove(toKey(key));
    for (const { key, value } of put) hash.put(toKey(key), toBytes(value));
    const isThere = ({ key, value }: MapRow) => hash.get(toKey(key))?.equals(toBytes(value)) === true;
    const lost = [...put, SENTINEL].find((row) => !isThere(row))?.key;
    const left = remove.find((key) => hash.get(toKey(key)) !== undefined);
    if (lost !== undefined) throw new MapError(target, `the changed map lacks ${lost}`);
    if (left !== undefined) throw new MapError(target, `the changed map still has ${left}`);
    return true;
  } catch (error) {
    throw error instanceof RangeError ? new MapError(target, `cannot be changed: ${error.message}`, error) : error;
  } finally {
    hash.close();
  }
}

async function changeRows(target: MapTarget, folder: string, change: MapChange, means: Means): Promise<void> {
  const { put, remove } = change;
  if (put.length > 0) {
    const run = { ...putRun(target, folder), input: sourceTexts(put) };
    answerOf(target, run, await runMtaTool(target, run, means));
  }
  if (target.builder === 'makemap') for (const key of remove) await removeRows(target, folder, key, [], means);
  else if (remove.length > 0) await removeRows(target, folder, '-', [`${remove.join('\n')}\n`], means);
  await check(target, path.join(folder, NAME), change, means);
}

function putRun({ builder, type }: MapTarget, cwd: string): MtaToolRun {
  if (builder === 'postmap') return { tool: 'postmap', cwd, args: ['-i', '-r', `${type}:${NAME}`] };
  return { tool: 'makemap', cwd, args: [...NO_SENDMAIL_CF, '-o', '-r', type, NAME] };
}

function removeRun({ builder, type }: MapTarget, cwd: string, key: string): MtaToolRun {
  if (builder === 'postmap') return { tool: 'postmap', cwd, args: ['-d', key, `${type}:${NAME}`] };
  const folded = key.toLowerCase(); // as makemap does when it builds
  return { tool: 'editmap', cwd, args: [...NO_SENDMAIL_CF, '-x', type, NAME, folded] };
}

/** A key that is gone already is no fault. */
async function removeRows(target: MapTarget, cwd: string, key: string, input: string[], means: Means): Promise<void> {
  const run = { ...removeRun(target, cwd, key), input };
  const result = await runMtaTool(target, run, means);
  if (!isKeyMissing(run, result)) answerOf(target, run, result);
}

/** The last row of the build too: a tool may have begun the file anew. */
async function check(target: MapTarget, map: string, { put, remove }: MapChange, means: Means): Promise<void> {
  const rows = [...put.slice(-1), SENTINEL];
  const gone = remove.at(-1);
  const [left, ...values] = await Promise.all([
    gone === undefined ? undefined : lookUp(target, map, gone, means),
    ...rows.map(({ key }) => lookUp(target, map, key, means)),
  ]);
  const lost = rows.find(({ value }, index) => values[index] !== value);
  if (lost !== undefined) throw new MapError(target, `the changed map lacks ${lost.key}`);
  if (left !== undefined) throw new MapError(target, `the changed map still has ${gone}`);
}
