/**
 * Builds a map of all its rows. Nothing leaves here that was not checked: the tool's exit status (makemap writes the
 * good lines of a bad input and exits 65), its silence (postmap on a full disk exits 0), and the last row looked up in
 * what it built.
 *
 * The tools run inside the map's folder and are told a relative name: makemap warns about every writable parent of an
 * absolute one.
 *
 * Limits: the look-up proves that the input was read to its end, not each row.
 */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { makeAside, NAME, type BuiltMap } from './aside.ts';
import { writeCdb } from './cdb-writer.ts';
import { lookUp } from './lookup.ts';
import { MapError } from './map-error.ts';
import { answerOf, NO_SENDMAIL_CF, runMtaTool, type Means, type MtaToolRun } from './mta-tool.ts';
import { SENTINEL, sourceTexts, type MapRow } from './render.ts';
import type { MapTarget } from './target.ts';
import type { MapTools } from './tools.ts';

/**
 * Builds `rows` into a map of the target's type, beside the target's file.
 * @throws MapError: nothing is left behind, the map that stands is untouched
 */
export type MapBuilder = (target: MapTarget, rows: readonly MapRow[]) => Promise<BuiltMap>;

/** How long a tool may work on one map. */
export const BUILD_TIMEOUT_MS = 30_000; // a million rows take makemap six seconds

/** A builder that uses `tools`, each run limited to `timeoutMs`. */
export function createBuilder(tools: MapTools, timeoutMs: number = BUILD_TIMEOUT_MS): MapBuilder {
  const means = { tools, timeoutMs };
  return (target, rows) =>
    makeAside(target, {
      write: (file) => writeMap(target, file, rows, means),
      check: (file) => mustHaveLastRow(target, file, means),
    });
}

async function writeMap(target: MapTarget, file: string, rows: readonly MapRow[], means: Means): Promise<void> {
  if (target.type === 'text') await writeFile(file, sourceTexts(rows));
  else if (target.builder === 'native') await writeCdb(file, rows);
  else await runBuilder(target, path.dirname(file), rows, means);
}

/** @throws MapError where the map `file` lacks the row that each map but a text one ends with */
export async function mustHaveLastRow(target: MapTarget, file: string, means: Means): Promise<void> {
  if (target.type === 'text') return;
  if ((await lookUp(target, path.join(path.dirname(file), NAME), SENTINEL.key, means)) === SENTINEL.value) return;
  throw new MapError(target, `the built map lacks its last row, ${SENTINEL.key}`);
}

async function runBuilder(target: MapTarget, cwd: string, rows: readonly MapRow[], means: Means): Promise<void> {
  const source = sourceTexts(rows);
  if (target.builder === 'postmap') await writeFile(path.join(cwd, NAME), source); // it takes its input from there
  const run: MtaToolRun =
    target.builder === 'postmap'
      ? { tool: 'postmap', cwd, args: [`${target.type}:${NAME}`] }
      : { tool: 'makemap', cwd, args: [...NO_SENDMAIL_CF, '-c', CACHE_BYTES, target.type, NAME], input: source };
  answerOf(target, run, await runMtaTool(target, run, means));
}

// The default makes a million rows take four times as long. It is not allocated until it is used.
const CACHE_BYTES = String(64 * 1024 * 1024);
