/**
 * The process in which probe.ts has a store read: a program of its own, with no more in it than that takes, since it
 * runs at each start. It writes too, since a damaged list of free pages shows only then.
 */
import { errnoOf, OperationalError, reasonOf } from '../errors.ts';
import { Environment } from './lmdb.ts';
import { Logins } from './logins.ts';
import { Meta, SCHEMA } from './meta.ts';

/** By which status it tells how the store is. */
export const PROBE_EXIT = { sound: 0, broken: 3, unavailable: 4 } as const;

/** Ends by {@link PROBE_EXIT}, and tells why on stderr. */
export async function probeToExit(dir: string): Promise<void> {
  try {
    await readToEnd(dir);
  } catch (error) {
    process.stderr.write(reasonOf(error));
    process.exitCode = exitStatusFor(error);
  }
}

/** The tables of which a damaged record reads like none; that they can be read is all. */
const BESIDE_LOGINS = ['checkpoints', 'published', 'tombstones', 'trail'];

async function readToEnd(dir: string): Promise<void> {
  const environment = new Environment(dir);
  const meta = new Meta(environment);
  const logins = new Logins(environment);
  const others = BESIDE_LOGINS.map((name) => environment.table(name));
  environment.write(() => {
    if (meta.schema() !== SCHEMA) return; // new, or of another version: not ours to judge
    const damage = logins.findDamage();
    if (damage !== undefined) throw new TypeError(damage);
    for (const table of others) Array.from(table.entries(), () => undefined);
    meta.setState(meta.state());
  });
  await environment.close();
}

/** LMDB's own complaints are about the content; those of the system carry an errno. */
function exitStatusFor(error: unknown): number {
  const cause = error instanceof OperationalError ? error.cause : error;
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  const isSystems = errnoOf(cause) !== undefined || (typeof code === 'number' && code > 0);
  return isSystems ? PROBE_EXIT.unavailable : PROBE_EXIT.broken;
}
