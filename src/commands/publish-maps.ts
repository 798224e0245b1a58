import { systemClock } from '../clock.ts';
import { loadLastGood } from '../config/load.ts';
import { EXIT, type ExitStatus } from '../errors.ts';
import { emptyAbandonedMaps } from '../map/abandoned.ts';
import { createBuilder } from '../map/build.ts';
import { claimMaps } from '../map/claim.ts';
import type { MapStore } from '../map/map-store.ts';
import { Publisher } from '../map/publish.ts';
import { hostTools } from '../map/tools.ts';
import { isPresent } from '../presence.ts';
import type { Store } from '../store/store.ts';
import type { OpenHost } from './with-store.ts';

/**
 * Publishes what the store permits now in all maps; tells each that failed on stderr and in the status. Beside a daemon
 * they are the daemon's maps: a configuration that it has not taken up yet, or has refused, abandons none of them.
 * @throws OperationalError, exit 78, where a map of the configuration cannot be had: then it is emptied, and the others
 * are published all the same
 */
export async function publishMaps(host: OpenHost): Promise<ExitStatus> {
  const { store, log } = host;
  const tools = hostTools();
  const daemon = store.presence();
  const isServed = daemon !== undefined && isPresent(daemon);
  const { targets, fault } = claimMaps(isServed ? loadLastGood(host.config.state_dir) : host.config, tools);
  if (!isServed) emptyAbandonedMaps({ store, targets, log });
  const publisher = new Publisher({
    store: isServed ? store : withoutSessions(store),
    targets,
    builder: createBuilder(tools),
    clock: systemClock,
    log,
  });
  const results = await (isServed ? publisher.publishNow() : publisher.rebuildNow());
  await publisher.stop();
  if (fault !== undefined) throw fault;
  const failures = results.filter(({ outcome }) => outcome === 'failed' || outcome === 'emptied');
  return failures.length === 0 ? EXIT.ok : EXIT.tempFail;
}

/**
 * A daemon that is dead hears of no logout, so sessions do not count until it is back; they are not forgotten. Their end
 * is no change of the store, so such a map is always built anew; and what stands may permit by one.
 */
function withoutSessions(store: Store): MapStore {
  return {
    entry: (address) => store.entry(address),
    setState: () => {
      const state = store.setState();
      return store.snapshot('ignored').size < state.size ? { ...state, lastRemoval: state.generation + 1 } : state;
    },
    changesSince: () => undefined,
    snapshot: () => store.snapshot('ignored'),
    fence: (file, generation, replace) => store.fence(file, generation, replace),
    raiseFence: (file, generation) => store.raiseFence(file, generation),
    published: (file) => store.published(file),
  };
}
