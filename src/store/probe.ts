/**
 * Tells whether a store can be opened and read to its end, by doing so in a child process: LMDB has no checksums, so a
 * truncated or overwritten file kills whoever reads it (SIGBUS, SIGSEGV), and no exception can be caught.
 *
 * The child writes too, since a damaged list of free pages shows only then.
 */
import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import path from 'node:path';
import { systemClock } from '../clock.ts';
import { errnoOf, EXIT, OperationalError, reasonOf } from '../errors.ts';
import { PACKAGE_DIR } from '../package.ts';
import { Environment } from './lmdb.ts';
import { Logins } from './logins.ts';
import { Meta, SCHEMA } from './meta.ts';
import { Trail } from './trail.ts';

export type Verdict = { readonly sound: true } | { readonly sound: false; readonly reason: string };

const CHILD = path.join(PACKAGE_DIR, 'dist/bin/probe-store.cjs');
const CHILD_EXIT = { sound: 0, broken: 3, unavailable: 4 } as const;
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
  if (status === CHILD_EXIT.sound) return { sound: true };
  if (status === CHILD_EXIT.broken || CRASHES.has(signal)) return { sound: false, reason };
  throw unavailable(dir, reason);
}

type ChildEnd = Pick<SpawnSyncReturns<string>, 'status' | 'signal' | 'stderr'>;

/** What a process gets for what it has done itself. */
const CRASHES: ReadonlySet<string | null> = new Set(['SIGBUS', 'SIGSEGV', 'SIGABRT', 'SIGILL', 'SIGFPE']);

function unavailable(dir: string, reason: string): OperationalError {
  return new OperationalError('store-unavailable', EXIT.io, `${dir}: the store cannot be opened: ${reason}`);
}

/** What the child does: tells by its exit status how the store in `dir` is, and on stderr why. */
export async function probeToExit(dir: string): Promise<void> {
  try {
    await readToEnd(dir);
  } catch (error) {
    process.stderr.write(reasonOf(error));
    process.exitCode = exitStatusFor(error);
  }
}

async function readToEnd(dir: string): Promise<void> {
  const environment = new Environment(dir);
  const meta = new Meta(environment);
  const logins = new Logins(environment);
  environment.write(() => {
    if (meta.schema() !== SCHEMA) return; // new, or of another version: not ours to judge
    const damage = logins.findDamage();
    if (damage !== undefined) throw new TypeError(damage);
    new Trail(environment, systemClock).read({});
    meta.setState(meta.state());
  });
  await environment.close();
}

/** LMDB's own complaints are about the content; those of the system carry an errno. */
function exitStatusFor(error: unknown): number {
  const cause = error instanceof OperationalError ? error.cause : error;
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  const isSystems = errnoOf(cause) !== undefined || (typeof code === 'number' && code > 0);
  return isSystems ? CHILD_EXIT.unavailable : CHILD_EXIT.broken;
}
