/**
 * Where a map is made: aside, in a fresh folder beside it, so that a rename puts the whole of it in place. A fresh one
 * each time, since what a killed Berkeley DB leaves behind (`__db.NAME`) blocks the next build there.
 */
import { chmodSync, constants, existsSync } from 'node:fs';
import { copyFile, mkdtemp, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { mayBePresent, ownMark } from '../presence.ts';
import { syncFile } from './durable.ts';
import { asMapError, MapError } from './map-error.ts';
import { mapFile, type MapTarget } from './target.ts';

/** A whole, checked map that waits to be renamed; `remove` takes away what is left of its folder. */
export interface BuiltMap {
  readonly file: string;
  remove(): Promise<void>;
}

/** The name of a map in the folder in which it is made, without its suffix. */
export const NAME = 'map';

/** Who makes a map. */
export interface Maker {
  /** Makes the map file that it is told. */
  readonly write: (file: string) => Promise<void>;
  /** Looks whether it is whole, while it goes to the disk; throws where it is not. */
  readonly check: (file: string) => Promise<void>;
}

/**
 * Has a map made beside the one of `target`, checked, readable for the MTA, and on the disk.
 * @throws MapError: nothing is left behind, the map that stands is untouched
 */
export async function makeAside(target: MapTarget, { write, check }: Maker): Promise<BuiltMap> {
  const folder = await makeFolder(target).catch((error: unknown) => {
    throw asMapError(target, 'no folder can be made beside it to build it in', error);
  });
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    const file = path.join(folder, mapFile(NAME, target.type));
    await write(file);
    if (!existsSync(file)) throw new MapError(target, 'cannot be built: no map was written');
    chmodSync(file, MAP_MODE);
    await Promise.all([syncFile(file), check(file)]);
    return { file, remove };
  } catch (error) {
    await remove();
    throw asMapError(target, 'cannot be built', error);
  }
}

const MAP_MODE = 0o644; // readable for the MTA whoever it runs as; makemap would leave 0640

/**
 * A copy of the map that stands, for changes in it; of shared blocks, where the file system can do so.
 * @throws MapError: nothing is left behind
 */
export function copyMap(target: MapTarget): Promise<BuiltMap> {
  const write = (file: string) => copyFile(target.file, file, constants.COPYFILE_FICLONE);
  return makeAside(target, { write, check: () => Promise.resolve() });
}

/** A folder of its own, named for this process; those of processes that were killed are removed on the way. */
async function makeFolder({ file }: MapTarget): Promise<string> {
  const [parent, prefix] = [path.dirname(file), `.${path.basename(file)}.build-`];
  for (const name of await readdir(parent)) {
    if (!name.startsWith(prefix) || isMakerPresent(name.slice(prefix.length))) continue;
    await rm(path.join(parent, name), { recursive: true, force: true });
  }
  const { pid, startTicks } = ownMark();
  return mkdtemp(path.join(parent, `${prefix}${pid}-${startTicks}-`));
}

function isMakerPresent(mark: string): boolean {
  const [pid, startTicks] = mark.split('-');
  return startTicks !== undefined && mayBePresent({ pid: Number(pid), startTicks });
}
