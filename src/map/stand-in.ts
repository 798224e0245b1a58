/**
 * The empty map that takes a map's place when that could permit somebody whose time is up and cannot be rebuilt.
 * docs/decisions/empty-map.md says why it is made this way.
 *
 * It is built once, by the MTA's own tool while that works, as `.NAME.empty` beside the map, and put in place as a hard
 * link: this needs no tool and no room on the disk, and every process sees by the inode that it stands there.
 *
 * Limits: where the tool never worked here, the stand-in is a file of no bytes. The MTAs cannot read that as a map, and
 * answer 451 instead of 550.
 */
import { existsSync, linkSync, renameSync, rmSync, statSync, writeFileSync, type BigIntStats } from 'node:fs';
import path from 'node:path';
import type { MapBuilder } from './build.ts';
import { SENTINEL } from './render.ts';
import type { MapTarget } from './target.ts';

/** Makes the stand-in of `target` unless it has one; throws what the builder throws. */
export async function prepareStandIn(target: MapTarget, build: MapBuilder): Promise<void> {
  const file = standInOf(target);
  const made = statOf(file);
  if (made !== undefined && (made.size > 0n || target.type === 'text')) return;
  if (isStandIn(target)) return; // replaced, it could not be told from a map any more
  const built = await build(target, target.type === 'text' ? [] : [SENTINEL]);
  try {
    renameSync(built.file, file);
  } finally {
    await built.remove();
  }
}

/** Whether what stands at the target's file is its stand-in. */
export function isStandIn(target: MapTarget): boolean {
  const [standing, made] = [statOf(target.file), statOf(standInOf(target))];
  return standing !== undefined && standing.ino === made?.ino && standing.dev === made.dev;
}

/** Puts the stand-in in the map's place; where even that fails it throws the system's error. */
export function putStandIn(target: MapTarget): void {
  const standIn = standInOf(target);
  if (!existsSync(standIn)) writeFileSync(standIn, '', { mode: 0o644, flag: 'wx' });
  const link = `${standIn}.link`;
  rmSync(link, { force: true });
  linkSync(standIn, link);
  renameSync(link, target.file);
  rmSync(link, { force: true }); // a rename onto another link of the same file does nothing
}

function standInOf({ file }: MapTarget): string {
  return path.join(path.dirname(file), `.${path.basename(file)}.empty`);
}

function statOf(file: string): BigIntStats | undefined {
  return statSync(file, { bigint: true, throwIfNoEntry: false });
}
