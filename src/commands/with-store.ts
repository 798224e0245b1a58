import { systemClock } from '../clock.ts';
import { loadConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { stderrLog, type Log } from '../log.ts';
import { actAsOwner, storeDir } from '../store/owner.ts';
import { limitsOf, Store } from '../store/store.ts';

/** A host's configuration, with this process acting as the owner of its state folder. */
export interface Host {
  readonly config: Config;
  readonly log: Log;
}

/** A host with its store open; the daemon may be running or not. */
export interface OpenHost extends Host {
  readonly store: Store;
}

/** Becomes the owner of the state folder. */
export function enterHost(config: Config): Host {
  actAsOwner(config.state_dir);
  return { config, log: stderrLog('warn') };
}

export function openStore({ config, log }: Host): Promise<Store> {
  return Store.open({ dir: storeDir(config.state_dir), limits: limitsOf(config), clock: systemClock, log });
}

/** Hands the open store to `use` and closes it again, whatever happens. */
export async function withStore<T>(configFile: string | undefined, use: (host: OpenHost) => Promise<T>): Promise<T> {
  const host = enterHost(loadConfig(configFile));
  const store = await openStore(host);
  try {
    return await use({ ...host, store });
  } finally {
    await store.close();
  }
}
