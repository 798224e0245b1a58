import type { Config, MapConfig } from '../config/schema.ts';
import { OperationalError } from '../errors.ts';
import { resolveMaps, type MapTarget } from './target.ts';
import type { MapTools } from './tools.ts';

/** The maps of a configuration that can be had. */
export interface Claim {
  readonly targets: readonly MapTarget[];
  /** Why another one cannot. */
  readonly fault: OperationalError | undefined;
}

/** {@link resolveMaps}, which goes on where one cannot be had: the others are there all the same. */
export function claimMaps(config: Config, tools: MapTools): Claim {
  const resolve = (maps: readonly MapConfig[] | undefined) => resolveMaps(maps, config.state_dir, tools);
  try {
    return { targets: resolve(config.map), fault: undefined };
  } catch (fault) {
    if (!(fault instanceof OperationalError)) throw fault;
    return { targets: (config.map ?? []).flatMap((map) => orNone(() => resolve([map]))), fault };
  }
}

function orNone(resolve: () => MapTarget[]): MapTarget[] {
  try {
    return resolve();
  } catch (error) {
    if (error instanceof OperationalError) return [];
    throw error;
  }
}
