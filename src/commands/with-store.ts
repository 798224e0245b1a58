import { systemClock } from '../clock.ts';
import { readAccess, type Access } from '../cluster/access.ts';
import { loadConfig, loadInForce, type InForce } from '../config/load.ts';
import type { ClusterConfig, Config } from '../config/schema.ts';
import { EXIT, OperationalError, type ExitStatus } from '../errors.ts';
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
  return withOpened(enterHost(loadConfig(configFile)), 'refuse', use);
}

/** A host with what is wrong with its configuration, where that is not the admin's. */
type HostInForce = OpenHost & Pick<InForce, 'fault'>;

type Use = (host: HostInForce) => Promise<ExitStatus>;

/**
 * The same for a command that takes permissions away: it does so while the configuration is in error too, by the one
 * that the daemon last ran with, and then exits 78.
 */
export function withStoreToPurge(configFile: string | undefined, use: Use): Promise<ExitStatus> {
  return withOpenedInForce(configFile, 'refuse', use);
}

/** And for one that only reads, which a person waits for: the store is opened after a look at its head. */
export function withStoreToRead(configFile: string | undefined, use: Use): Promise<ExitStatus> {
  return withOpenedInForce(configFile, 'refuse-by-head', use);
}

async function withOpenedInForce(
  configFile: string | undefined,
  broken: StoreOptions['broken'],
  use: Use,
): Promise<ExitStatus> {
  const { config, fault } = configInForce(configFile);
  const status = await withOpened(enterHost(config), broken, (host) => use({ ...host, fault }));
  return fault === undefined || status !== EXIT.ok ? status : EXIT.config;
}

/** {@link loadInForce}, which says on stderr where it is not the admin's; then this process acts as the owner already. */
export function configInForce(file: string | undefined): InForce {
  const inForce = loadInForce(file, actAsOwner);
  const reason = inForce.fault?.message;
  if (reason !== undefined) stderrLog().error('goes by the configuration that the daemon last ran with', { reason });
  return inForce;
}

async function withOpened<T>(
  host: Host,
  broken: StoreOptions['broken'],
  use: (host: OpenHost) => Promise<T>,
): Promise<T> {
  const store = await openStore(host, broken);
  try {
    return await use({ ...host, store });
  } finally {
    await store.close();
  }
}
