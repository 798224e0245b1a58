/** Makes sure that the store's folder can be opened before LMDB is let near it. */
import { chmodSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import type { Clock } from '../clock.ts';
import { errnoOf, EXIT, OperationalError, reasonOf } from '../errors.ts';
import type { Log } from '../log.ts';
import { lookAtHead } from './head.ts';
import { probeStore } from './probe.ts';

export interface PrepareOptions {
  readonly dir: string;
  /**
   * What to do with a store that cannot be read. The daemon sets it aside and begins anew, since the log can fill it
   * again; a command refuses, since the daemon may be alive. One that a person waits for only looks at its head: to read
   * all of it in a process of its own takes longer than the rest of a short command.
   */
  readonly broken: 'set-aside' | 'refuse' | 'refuse-by-head';
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Creates the folder `dir` (mode 0700) where it is missing, and looks whose it is and whether it can be read.
 * @throws OperationalError `store-owner`, `store-unavailable`, `store-broken`
 */
export function prepareStore({ dir, broken, clock, log }: PrepareOptions): void {
  createFolder(dir);
  mustOwn(dir);
  const file = path.join(dir, 'data.mdb');
  if (!existsSync(file)) return;
  const verdict = broken === 'refuse-by-head' ? lookAtHead(file) : probeStore(dir);
  if (verdict.sound) return;
  if (broken !== 'set-aside') {
    const advice = 'start the daemon, which sets it aside and begins a new one';
    throw new OperationalError(
      'store-broken',
      EXIT.io,
      `${dir}: the store cannot be read: ${verdict.reason}; ${advice}`,
    );
  }
  const kept = `${dir}${SET_ASIDE}${new Date(clock()).toISOString().replaceAll(':', '-')}`;
  renameSync(dir, kept);
  for (const older of setAsideStores(dir).slice(0, -MAX_SET_ASIDE)) rmSync(older, { recursive: true });
  createFolder(dir);
  log.error('the store could not be read and was set aside; a new one begins', { dir, kept, reason: verdict.reason });
}

const SET_ASIDE = '.broken-';
const MAX_SET_ASIDE = 3; // a disk that breaks one after the other must not be filled by them

/** The folders of stores that were set aside for the one in `dir`, oldest first. */
export function setAsideStores(dir: string): string[] {
  const prefix = `${path.basename(dir)}${SET_ASIDE}`;
  const names = readdirSync(path.dirname(dir)).filter((name) => name.startsWith(prefix));
  return names.toSorted().map((name) => path.join(path.dirname(dir), name)); // they end in their instant
}

function createFolder(dir: string): void {
  try {
    mkdirSync(dir, { mode: 0o700 });
    chmodSync(dir, 0o700); // whatever the umask is
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return;
    const message = `${dir}: the store's folder cannot be created: ${reasonOf(error)}; its parent must exist and be writable`;
    throw new OperationalError('store-folder', EXIT.cantCreate, message, { cause: error });
  }
}

/** A lock file of another user kills the process by SIGSEGV, and one of ours would kill its owner's. */
function mustOwn(dir: string): void {
  const own = process.geteuid?.();
  for (const name of ['.', ...readdirSync(dir)]) {
    const file = path.join(dir, name);
    const { uid } = statSync(file);
    if (uid === own) continue;
    const advice = `run relaypass as the user who owns it, or give the whole folder to one user: chown -R`;
    const message = `${file}: belongs to uid ${uid}, this process runs as uid ${own ?? '?'}; ${advice}`;
    throw new OperationalError('store-owner', EXIT.noPermission, message);
  }
}
