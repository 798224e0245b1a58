import { systemClock } from '../clock.ts';
import { readAccess, type Access } from '../cluster/access.ts';
import { loadConfig } from '../config/load.ts';
import type { ClusterConfig, Config } from '../config/schema.ts';
import { OperationalError } from '../errors.ts';
import { stderrLog, type Log } from '../log.ts';
import { actAsOwner, storeDir } from '../store/owner.ts';
import { limitsOf } from '../store/limits.ts';
import { Store, type StoreOptions } from '../store/store.ts';

/** A host's configuration, with this process acting as the owner of its state folder. */
export interface Host {
  readonly config: Config;
  /** How to get to the cluster, where the host is in one; or why its secrets cannot be read. */
  readonly clusterAccess: Access | OperationalError | undefined;
  readonly log: Log;
}

/** A host with its store open; the daemon may be running or not. */
export interface OpenHost extends Host {
  readonly store: Store;
}

/** Becomes the owner of the state folder. */
export function enterHost(config: Config): Host {
  const clusterAccess = config.cluster && accessOrReason(config.cluster); // root may read what the owner may not
  actAsOwner(config.state_dir);
  return { config, clusterAccess, log: stderrLog('warn') };
}

function accessOrReason(config: ClusterConfig): Access | OperationalError {
  try {
    return readAccess(config);
  } catch (error) {
    if (error instanceof OperationalError) return error;
    throw error;
  }
}

export function openStore({ config, log }: Host, broken: StoreOptions['broken'] = 'refuse'): Promise<Store> {
  return Store.open({ dir: storeDir(config.state_dir), limits: limitsOf(config), clock: systemClock, log, broken });
}

/** Hands the open store to `use` and closes it again, whatever happens. */
export function withStore<T>(configFile: string | undefined, use: (host: OpenHost) => Promise<T>): Promise<T> {
  return withOpened(configFile, 'refuse', use);
}

/** The same for a command that only reads, which a person waits for: the store is opened after a look at its head. */
export function withStoreToRead<T>(configFile: string | undefined, use: (host: OpenHost) => Promise<T>): Promise<T> {
  return withOpened(configFile, 'refuse-by-head', use);
}

async function withOpened<T>(
  configFile: string | undefined,
  broken: StoreOptions['broken'],
  use: (host: OpenHost) => Promise<T>,
): Promise<T> {
  const host = enterHost(loadConfig(configFile));
  const store = await openStore(host, broken);
  try {
    return await use({ ...host, store });
  } finally {
    await store.close();
  }
}
