/**
 * Builds a map aside: in a fresh folder beside the map, so that a rename puts the whole of it in place. Nothing leaves
 * here that was not checked: the tool's exit status (makemap writes the good lines of a bad input and exits 65), its
 * silence (postmap on a full disk exits 0), and the last row looked up in what it built.
 *
 * A fresh folder each time, since what a killed Berkeley DB leaves behind (`__db.NAME`) blocks the next build there.
 * The tools run inside it and are told a relative name: makemap warns about every writable parent of an absolute one.
 *
 * Limits: the look-up proves that the input was read to its end, not each row.
 */
import { mkdtemp, open, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { errnoOf } from '../errors.ts';
import { encodeCdb } from './cdb.ts';
import { lookUp } from './lookup.ts';
import { asMapError, MapError } from './map-error.ts';
import { answerOf, NO_SENDMAIL_CF, runMtaTool, type Means, type MtaToolRun } from './mta-tool.ts';
import { SENTINEL, sourceText, type MapRow } from './render.ts';
import { mapFile, type MapTarget } from './target.ts';
import type { MapTools } from './tools.ts';

/** A whole, checked map that waits to be renamed; `remove` takes away what is left of its folder. */
interface BuiltMap {
  readonly file: string;
  remove(): Promise<void>;
}

/**
 * Builds `rows` into a map of the target's type, beside the target's file.
 * @throws MapError: nothing is left behind, the map that stands is untouched
 */
export type MapBuilder = (target: MapTarget, rows: readonly MapRow[]) => Promise<BuiltMap>;

const BUILD_TIMEOUT_MS = 30_000; // a million rows take makemap six seconds

/** A builder that uses `tools`, each run limited to `timeoutMs`. */
export function createBuilder(tools: MapTools, timeoutMs: number = BUILD_TIMEOUT_MS): MapBuilder {
  return async (target, rows) => {
    const folder = await makeFolder(target).catch((error: unknown) => {
      throw asMapError(target, 'no folder can be made beside it to build it in', error);
    });
    const remove = () => rm(folder, { recursive: true, force: true });
    try {
      const file = path.join(folder, mapFile(NAME, target.type));
      await write(target, file, rows, { tools, timeoutMs });
      await finish(file);
      return { file, remove };
    } catch (error) {
      await remove();
      throw asMapError(target, 'cannot be built', error);
    }
  };
}

const NAME = 'map'; // inside the build folder

async function write(target: MapTarget, file: string, rows: readonly MapRow[], means: Means): Promise<void> {
  if (target.type === 'text') return writeFile(file, sourceText(rows));
  const folder = path.dirname(file);
  if (target.builder === 'native') await writeFile(file, encodeCdb(rows));
  else await runBuilder(target, folder, rows, means);
  if ((await lookUp(target, path.join(folder, NAME), SENTINEL.key, means)) === SENTINEL.value) return;
  throw new MapError(target, `the built map lacks its last row, ${SENTINEL.key}`);
}

async function runBuilder(target: MapTarget, folder: string, rows: readonly MapRow[], means: Means): Promise<void> {
  const source = path.join(folder, NAME);
  await writeFile(source, sourceText(rows));
  const input = await open(source); // postmap finds it by its name
  try {
    const args =
      target.builder === 'postmap'
        ? [`${target.type}:${NAME}`]
        : [...NO_SENDMAIL_CF, '-c', MAKEMAP_CACHE_BYTES, target.type, NAME];
    const tool = target.builder === 'postmap' ? 'postmap' : 'makemap';
    const run: MtaToolRun = { tool, args, cwd: folder, stdin: input.fd };
    answerOf(target, run, await runMtaTool(target, run, means));
  } finally {
    await input.close();
  }
}

// The default makes a million rows take four times as long. It is not allocated until it is used.
const MAKEMAP_CACHE_BYTES = String(64 * 1024 * 1024);

const MAP_MODE = 0o644; // readable for the MTA whoever it runs as; makemap would leave 0640

async function finish(file: string): Promise<void> {
  const handle = await open(file, 'r');
  try {
    await handle.chmod(MAP_MODE);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A folder of its own; those of builders that were killed are removed on the way. */
async function makeFolder({ file }: MapTarget): Promise<string> {
  const [parent, prefix] = [path.dirname(file), `.${path.basename(file)}.build-`];
  for (const name of await readdir(parent)) {
    if (!name.startsWith(prefix) || isRunning(Number.parseInt(name.slice(prefix.length), 10))) continue;
    await rm(path.join(parent, name), { recursive: true, force: true });
  }
  return mkdtemp(path.join(parent, `${prefix}${process.pid}-`));
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errnoOf(error) === 'EPERM'; // another user's
  }
}
