import { systemClock } from '../clock.ts';
import { EXIT, type ExitStatus } from '../errors.ts';
import { createBuilder } from '../map/build.ts';
import { Publisher } from '../map/publish.ts';
import { resolveMaps } from '../map/target.ts';
import { hostTools } from '../map/tools.ts';
import type { OpenHost } from './with-store.ts';

/** Publishes what the store permits now in all maps; tells each that failed on stderr and in the status. */
export async function publishMaps({ config, store, log }: OpenHost): Promise<ExitStatus> {
  const tools = hostTools();
  const targets = resolveMaps(config.map, config.state_dir, tools);
  const publisher = new Publisher({ store, targets, builder: createBuilder(tools), clock: systemClock, log });
  const results = await publisher.publishNow();
  await publisher.stop();
  const failures = results.filter(({ outcome }) => outcome === 'failed' || outcome === 'emptied');
  return failures.length === 0 ? EXIT.ok : EXIT.tempFail;
}
