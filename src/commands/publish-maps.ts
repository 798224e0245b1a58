import { systemClock } from '../clock.ts';
import type { MapConfig } from '../config/schema.ts';
import { EXIT, OperationalError, type ExitStatus } from '../errors.ts';
import { emptyAbandonedMaps } from '../map/abandoned.ts';
import { createBuilder } from '../map/build.ts';
import { Publisher } from '../map/publish.ts';
import { resolveMaps, type MapTarget } from '../map/target.ts';
import { hostTools, type MapTools } from '../map/tools.ts';
import type { OpenHost } from './with-store.ts';

/**
 * Publishes what the store permits now in all maps; tells each that failed on stderr and in the status.
 * @throws OperationalError, exit 78, where a map of the configuration cannot be had: then it is emptied, and the others
 * are published all the same
 */
export async function publishMaps(host: OpenHost): Promise<ExitStatus> {
  const { store, log } = host;
  const tools = hostTools();
  const { targets, fault } = claimMaps(host, tools);
  emptyAbandonedMaps({ store, targets, log });
  const publisher = new Publisher({ store, targets, builder: createBuilder(tools), clock: systemClock, log });
  const results = await publisher.publishNow();
  await publisher.stop();
  if (fault !== undefined) throw fault;
  const failures = results.filter(({ outcome }) => outcome === 'failed' || outcome === 'emptied');
  return failures.length === 0 ? EXIT.ok : EXIT.tempFail;
}

interface Claim {
  readonly targets: readonly MapTarget[];
  readonly fault: OperationalError | undefined;
}

function claimMaps({ config }: OpenHost, tools: MapTools): Claim {
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
