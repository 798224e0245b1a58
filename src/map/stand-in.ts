/**
 * The empty map that takes a map's place when that could permit somebody whose time is up and cannot be rebuilt.
 * docs/decisions/empty-map.md says why it is made this way.
 *
 * It is built once, by the MTA's own tool while that works, as `.NAME.empty` beside the map, and put in place as a hard
 * link: this needs no tool and no room on the disk, and every process sees by the inode that it stands there. It is
 * dated 1970: whoever writes into it, or into the map while it stands there, gives it a date, and it serves no more.
 *
 * Limits: where the tool never worked here, the stand-in is a file of no bytes. The MTAs cannot read that as a map, and
 * answer 451 instead of 550.
 */
import { linkSync, renameSync, rmSync, statSync, utimesSync, writeFileSync, type BigIntStats } from 'node:fs';
import path from 'node:path';
import type { MapBuilder } from './build.ts';
import { SENTINEL } from './render.ts';
import type { MapTarget } from './target.ts';

/** Makes the stand-in of `target` unless it has one; throws what the builder throws. */
export async function prepareStandIn(target: MapTarget, build: MapBuilder): Promise<void> {
  const file = standInOf(target);
  const made = soundStandIn(file);
  if (made !== undefined && (made.size > 0n || target.type === 'text')) return;
  if (isStandIn(target)) return; // replaced, it could not be told from a map any more
  const built = await build(target, target.type === 'text' ? [] : [SENTINEL]);
  try {
    utimesSync(built.file, 0, 0);
    renameSync(built.file, file);
  } finally {
    await built.remove();
  }
}

/** Whether what stands at the target's file is its stand-in. */
export function isStandIn(target: MapTarget): boolean {
  const [standing, made] = [statOf(target.file), soundStandIn(standInOf(target))];
  return standing !== undefined && standing.ino === made?.ino && standing.dev === made.dev;
}

/** Puts the stand-in in the map's place; where even that fails it throws the system's error. */
export function putStandIn(target: MapTarget): void {
  const standIn = standInOf(target);
  if (soundStandIn(standIn) === undefined) makeWithoutBytes(standIn);
  const link = `${standIn}.link`;
  rmSync(link, { force: true });
  linkSync(standIn, link);
  renameSync(link, target.file);
  rmSync(link, { force: true }); // a rename onto another link of the same file does nothing
}

function makeWithoutBytes(standIn: string): void {
  rmSync(standIn, { force: true });
  writeFileSync(standIn, '', { mode: 0o644, flag: 'wx' });
  utimesSync(standIn, 0, 0);
}

function standInOf({ file }: MapTarget): string {
  return path.join(path.dirname(file), `.${path.basename(file)}.empty`);
}

function soundStandIn(file: string): BigIntStats | undefined {
  const made = statOf(file);
  return made?.mtimeNs === 0n ? made : undefined;
}

function statOf(file: string): BigIntStats | undefined {
  return statSync(file, { bigint: true, throwIfNoEntry: false });
}
