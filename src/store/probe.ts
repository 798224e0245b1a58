/**
 * Tells whether a store can be opened and read to its end, by doing so in a child process: LMDB has no checksums, so a
 * truncated or overwritten file kills whoever reads it (SIGBUS, SIGSEGV), and no exception can be caught. What the child
 * does is in read-through.ts.
 */
import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import path from 'node:path';
import { EXIT, OperationalError, reasonOf } from '../errors.ts';
import { PACKAGE_DIR } from '../package.ts';
import { PROBE_EXIT } from './read-through.ts';

export type Verdict = { readonly sound: true } | { readonly sound: false; readonly reason: string };

const CHILD = path.join(PACKAGE_DIR, 'dist/bin/probe-store.cjs');
const TIMEOUT_MS = 60_000; // a million logins take about 3 s

/**
 * @throws OperationalError `store-unavailable` when the disk or the system, not the store's content, is at fault
 */
export function probeStore(dir: string): Verdict {
  const child = spawnSync(process.execPath, [CHILD, dir], {
    encoding: 'utf8',
    timeout: TIMEOUT_MS,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  if (child.error !== undefined) throw unavailable(dir, reasonOf(child.error));
  return verdictOf(dir, child);
}

/** What the child's end tells of the store in `dir`; that it was killed, as where memory is short, tells nothing. */
export function verdictOf(dir: string, { status, signal, stderr }: ChildEnd): Verdict {
  const reason = signal === null ? stderr.trim() : `reading it ended in ${signal}`;
  if (status === PROBE_EXIT.sound) return { sound: true };
  if (status === PROBE_EXIT.broken || CRASHES.has(signal)) return { sound: false, reason };
  throw unavailable(dir, reason);
}

type ChildEnd = Pick<SpawnSyncReturns<string>, 'status' | 'signal' | 'stderr'>;

/** What a process gets for what it has done itself. */
const CRASHES: ReadonlySet<string | null> = new Set(['SIGBUS', 'SIGSEGV', 'SIGABRT', 'SIGILL', 'SIGFPE']);

function unavailable(dir: string, reason: string): OperationalError {
  return new OperationalError('store-unavailable', EXIT.io, `${dir}: the store cannot be opened: ${reason}`);
}
