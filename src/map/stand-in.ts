/**
 * The empty map that takes a map's place when that could permit somebody whose time is up and cannot be rebuilt.
 * docs/decisions/empty-map.md says why it is made this way.
 *
 * It is built once, by the MTA's own tool while that works, as `.NAME.empty` beside the map, and put in place as a hard
 * link: this needs no tool and no room on the disk, and every process sees by the inode that it stands there. Of a map
 * that is merged with the admin's own source it has the admin's entries, and is built anew when those change.
 *
 * It bears the date of that source, else the second 1 of 1970 (Postfix warns of a 0): whoever writes into it, or into the map while it stands there, gives it
 * another, and it serves no more.
 *
 * Limits: where the tool never worked here, the stand-in is a file of no bytes. The MTAs cannot read that as a map, and
 * answer 451 instead of 550.
 */
import {
  close,
  constants,
  linkSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
  type Stats,
} from 'node:fs';
import path from 'node:path';
import type { Base } from './base.ts';
import type { MapBuilder } from './build.ts';
import { SENTINEL } from './render.ts';
import type { MapTarget } from './target.ts';

type MapFile = Pick<MapTarget, 'file'>;
type Dated = Pick<Base, 'date'>;

/** Makes the stand-in of `target` unless it has one of this base; throws what the builder throws. */
export async function prepareStandIn(target: MapTarget, base: Base, build: MapBuilder): Promise<void> {
  const made = soundStandIn(target, base);
  if (made !== undefined && (made.size > 0 || target.type === 'text')) return;
  if (isStandIn(target, base)) return; // replaced, it could not be told from a map any more
  const built = await build(target, target.type === 'text' ? [] : [...base.rows, SENTINEL]);
  try {
    utimesSync(built.file, base.date, base.date);
    renameSync(built.file, standInOf(target));
  } finally {
    await built.remove();
  }
}

/** Whether what stands at the target's file is its stand-in. */
export function isStandIn(target: MapFile, base: Dated): boolean {
  return soundStandIn(target, base) !== undefined && isSameFile(target.file, standInOf(target));
}

/**
 * Puts `file`, a map that was built, in the map's place. Where the stand-in stood there, that is removed, and built anew
 * when it is needed: Postfix takes up another map when the file that it has open has no link left, and would go on with
 * the stand-in as long as that has its own name. The blocks of what stood there are freed by another thread.
 */
export function putMap(target: MapFile, file: string): void {
  const stood = isSameFile(target.file, standInOf(target));
  const old = openIfReadable(target.file);
  renameSync(file, target.file);
  if (old !== undefined) close(old); // 6 ms for 5 MB; without this the rename would take them
  if (stood) rmSync(standInOf(target), { force: true });
}

function openIfReadable(file: string): number | undefined {
  try {
    return openSync(file, constants.O_RDONLY | constants.O_NONBLOCK); // whatever stands there
  } catch {
    return undefined; // there is none, or it is not for us: it is replaced all the same
  }
}

function isSameFile(file: string, other: string): boolean {
  const [one, two] = [statOf(file), statOf(other)];
  return one !== undefined && one.ino === two?.ino && one.dev === two.dev;
}

/** Puts the stand-in in the map's place; where even that fails it throws the system's error. */
export function putStandIn(target: MapFile, base: Dated): void {
  const standIn = standInOf(target);
  if (soundStandIn(target, base) === undefined) makeWithoutBytes(standIn, base);
  const link = `${standIn}.link`;
  rmSync(link, { force: true });
  linkSync(standIn, link);
  renameSync(link, target.file);
  rmSync(link, { force: true }); // a rename onto another link of the same file does nothing
}

/** Whether `file` bears the date of `base`, to the millisecond: utimes(2) is told seconds as a floating point number. */
export function hasDateOf(base: Dated, file: string): boolean {
  return statOf(file)?.mtime.getTime() === base.date.getTime();
}

function makeWithoutBytes(standIn: string, { date }: Dated): void {
  rmSync(standIn, { force: true });
  writeFileSync(standIn, '', { mode: 0o644, flag: 'wx' });
  utimesSync(standIn, date, date);
}

function standInOf({ file }: MapFile): string {
  return path.join(path.dirname(file), `.${path.basename(file)}.empty`);
}

function soundStandIn(target: MapFile, base: Dated): Stats | undefined {
  const file = standInOf(target);
  return hasDateOf(base, file) ? statOf(file) : undefined;
}

function statOf(file: string): Stats | undefined {
  return statSync(file, { throwIfNoEntry: false });
}
