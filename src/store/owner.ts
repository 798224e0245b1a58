/**
 * Whoever opens the store acts as its owner: a lock file that root left behind crashes a daemon that is not root
 * (SIGSEGV in LMDB, not catchable), so a root command takes on the ids of the state folder's owner first.
 */
import { lstatSync, mkdirSync, type Stats } from 'node:fs';
import path from 'node:path';
import { errnoOf, EXIT, OperationalError, reasonOf } from '../errors.ts';

/** The store's own folder, closed to all but its owner; the maps beside it must be readable. */
export function storeDir(stateDir: string): string {
  return path.join(stateDir, 'store');
}

/**
 * Makes sure of `stateDir` and becomes its owner, for the rest of the process. Anyone but root may have the folder
 * made; for root it must exist, since its owner is whom to become.
 * @throws OperationalError `state-dir-missing`, `state-dir-unusable` (73), `not-owner` (77)
 */
export function actAsOwner(stateDir: string): void {
  const { uid, gid } = statOrCreate(stateDir);
  if (process.geteuid?.() === uid) return;
  if (process.geteuid?.() !== 0) {
    const message = `${stateDir}: belongs to uid ${uid}; run this as root or as that user`;
    throw new OperationalError('not-owner', EXIT.noPermission, message);
  }
  becomeGroupsOf(uid, gid);
  process.setgid?.(gid);
  process.setuid?.(uid);
}

function statOrCreate(stateDir: string): Stats {
  try {
    if (process.geteuid?.() !== 0) mkdirSync(stateDir, { mode: 0o755, recursive: true });
    const stats = lstatSync(stateDir);
    if (stats.isDirectory()) return stats;
  } catch (error) {
    throw unusable(stateDir, error);
  }
  throw new OperationalError('state-dir-unusable', EXIT.cantCreate, `${stateDir}: state_dir is not a folder`);
}

function unusable(stateDir: string, cause: unknown): OperationalError {
  if (errnoOf(cause) !== 'ENOENT') {
    const message = `${stateDir}: cannot be used as state_dir: ${reasonOf(cause)}`;
    return new OperationalError('state-dir-unusable', EXIT.cantCreate, message, { cause });
  }
  const message =
    `${stateDir}: state_dir does not exist; make it for the user that the daemon runs as: ` +
    `install -d -o relaypass -g relaypass -m 755 ${stateDir}`;
  return new OperationalError('state-dir-missing', EXIT.cantCreate, message, { cause });
}

/** The owner's groups too (`adm`, to read the log); a uid without an account has only its own. */
function becomeGroupsOf(uid: number, gid: number): void {
  process.setgroups?.([gid]);
  try {
    (process as ProcessWithInitgroups).initgroups?.(uid, gid);
  } catch (error) {
    if (!reasonOf(error).startsWith('User identifier does not exist')) throw error;
  }
}

/** @types/node lacks the method. */
type ProcessWithInitgroups = NodeJS.Process & { initgroups?: (uid: number, gid: number) => void };
