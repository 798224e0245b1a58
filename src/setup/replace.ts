/**
 * Puts changed files in their places, and takes them back. A file that is replaced stays beside its successor as
 * NAME.before-relaypass: the file itself, with its owner, mode and times, so that undoing is a rename. What is done is
 * recorded in root's own folder before the first file is touched, so that kill -9 leaves nothing that undo cannot mend.
 *
 * Limits: a file that is mounted by itself cannot be replaced, and is refused.
 */
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import path from 'node:path';
import { EXIT, OperationalError, reasonOf } from '../errors.ts';
import { syncFolder } from '../map/durable.ts';
import { fingerprint, type Change } from './change.ts';
import { unifiedDiff } from './diff.ts';
import { readIfThere, writeDurably } from './file.ts';
import { readRecord, writeRecord, type Replaced } from './record.ts';

/**
 * Replaces all files or none: where one cannot be, or `confirm` throws, everything is as it was.
 * @throws OperationalError `setup-applied` (69), `setup-failed` (73), or what `confirm` throws
 */
export async function replaceFiles(
  changes: readonly Change[],
  record: string,
  confirm: () => Promise<void>,
): Promise<readonly Replaced[]> {
  const items = changes.map(toReplace);
  refuseEarlier(items, record);
  const done: Replaced[] = [];
  try {
    writeRecord(record, items);
    for (const [index, item] of items.entries()) {
      replaceFile(changes[index]?.before, changes[index]?.after ?? '', item);
      done.push(item);
    }
    await confirm();
    return items;
  } catch (failure) {
    for (const item of done.toReversed()) putBack(item);
    rmSync(record, { force: true });
    if (failure instanceof OperationalError) throw failure;
    const message = `nothing was changed: ${reasonOf(failure)}`;
    throw new OperationalError('setup-failed', EXIT.cantCreate, message, { cause: failure });
  }
}

/**
 * Puts the files of `record` back as they were; undefined where nothing is recorded.
 * @throws OperationalError `setup-changed`, 69, where a file is no longer the one that was written: then none is touched
 */
export function undoReplacement(record: string): readonly Replaced[] | undefined {
  const items = readRecord(record);
  if (items === undefined) return undefined;
  const ours = items.filter((item) => isOurs(item, record));
  for (const item of ours.toReversed()) putBack(item);
  for (const { file, backup } of items)
    for (const left of [aside(file), backup ?? aside(file)]) rmSync(left, { force: true });
  rmSync(record);
  return ours;
}

function toReplace({ file: named, before, after, isGenerated: generated }: Change): Replaced {
  const isGenerated = generated === true;
  const file = before === undefined ? named : realpathSync(named);
  return {
    file,
    backup: before === undefined ? null : `${file}.before-relaypass`,
    was: before === undefined ? null : fingerprint(before, isGenerated),
    is: fingerprint(after, isGenerated),
    isGenerated,
  };
}

function refuseEarlier(items: readonly Replaced[], record: string): void {
  const there = [record, ...items.map(({ backup }) => backup)].find((file) => file !== null && existsSync(file));
  if (there === undefined) return;
  const message = `${there}: of an earlier setup that is still in place: take it back first, with --undo`;
  throw new OperationalError('setup-applied', EXIT.unavailable, message);
}

/** The text is written aside, as the file that it replaces was: of the same owner and mode. */
function replaceFile(before: string | undefined, after: string, { file, backup }: Replaced): void {
  if (readIfThere(file) !== before) throw new Error(`${file}: somebody else changed it at the same time`);
  const fresh = aside(file);
  try {
    mkdirSync(path.dirname(file), { recursive: true });
    rmSync(fresh, { force: true });
    writeDurably(fresh, after);
    if (backup !== null) {
      const { uid, gid, mode } = statSync(file);
      chownSync(fresh, uid, gid);
      chmodSync(fresh, mode & 0o7777);
      linkSync(file, backup);
    }
    renameSync(fresh, file);
    syncFolder(path.dirname(file));
  } catch (failure) {
    for (const left of [fresh, backup ?? fresh]) rmSync(left, { force: true });
    throw failure;
  }
}

function aside(file: string): string {
  return `${file}.new-relaypass`;
}

function putBack({ file, backup }: Replaced): void {
  if (backup === null) rmSync(file, { force: true });
  else renameSync(backup, file);
  syncFolder(path.dirname(file));
}

/** Whether the file is the one that setup wrote; false where it had not come to it. */
function isOurs({ file, backup, was, is, isGenerated }: Replaced, record: string): boolean {
  const now = readIfThere(file);
  const state = now === undefined ? null : fingerprint(now, isGenerated);
  if (state === was) return false;
  if (state === is && (backup === null || existsSync(backup))) return true;
  const kept = backup === null ? record : `${record} and ${backup}`;
  const before = backup === null ? undefined : readIfThere(backup);
  const message =
    `${file}: has changed since setup wrote it, so nothing was undone. Take the lines of setup out by hand, then remove ` +
    `${kept}. What differs from the file before:\n${unifiedDiff({ file, before, after: now ?? '' })}`;
  throw new OperationalError('setup-changed', EXIT.unavailable, message);
}
