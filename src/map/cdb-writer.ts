/**
 * Writes cdb files. A large one is written in a thread of its own: 100,000 rows take longer than a look-up may wait.
 *
 * Limits: the thread gets the rows as text, so keys are without tab and LF, as all of ours are.
 */
import { once } from 'node:events';
import { stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { PACKAGE_DIR } from '../package.ts';
import { encodeCdb } from './cdb.ts';
import { sourceText, type MapRow } from './render.ts';
import { changedRows, type MapChange } from './rewrite.ts';
import type { MapTarget } from './target.ts';

/** What the thread is given: the rows, or the map that stands and what is to be different in it. */
export type CdbWork = { readonly file: string } & (
  { readonly source: string } | { readonly target: MapTarget; readonly change: MapChange }
);

const THREAD = path.join(PACKAGE_DIR, 'dist/bin/write-cdb.cjs');
const LARGE_ROWS = 10_000; // 10 ms, a fifth of what a thread costs
const LARGE_BYTES = LARGE_ROWS * 37; // 13 of them for key and value

/** Writes `rows` as the cdb `file`. */
export async function writeCdb(file: string, rows: readonly MapRow[]): Promise<void> {
  if (rows.length < LARGE_ROWS) await writeFile(file, encodeCdb(rows));
  else await inThread({ file, source: sourceText(rows) });
}

/**
 * Writes what `change` makes of the cdb of `target` as the cdb `file`.
 * @throws MapError where that is no whole map
 */
export async function changeCdb(target: MapTarget, file: string, change: MapChange): Promise<void> {
  const { size } = await stat(target.file);
  if (size < LARGE_BYTES) await writeFile(file, encodeCdb(await changedRows(target, change)));
  else await inThread({ file, target, change });
}

/** What the thread does. */
export async function workInThread(work: CdbWork): Promise<void> {
  const rows = 'source' in work ? rowsOf(work.source) : await changedRows(work.target, work.change);
  await writeFile(work.file, encodeCdb(rows));
}

async function inThread(work: CdbWork): Promise<void> {
  await once(new Worker(THREAD, { workerData: work }), 'exit'); // rejects with what the thread failed by
}

function rowsOf(source: string): MapRow[] {
  const lines = source.split('\n').slice(0, -1);
  return lines.map((line) => {
    const tab = line.indexOf('\t');
    return tab < 0 ? { key: line, value: '' } : { key: line.slice(0, tab), value: line.slice(tab + 1) };
  });
}
