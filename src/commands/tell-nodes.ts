import { systemClock } from '../clock.ts';
import type { News } from '../cluster/tell.ts';
import { EXIT, OperationalError, type ExitStatus } from '../errors.ts';
import { say, type JsonArgs } from './json-rows.ts';
import type { OpenHost } from './with-store.ts';

/**
 * Tells the other nodes what a command has done, where there are any. Where they cannot be reached the daemon tells
 * them as soon as it can, and the exit status says that they do not know yet.
 */
export async function tellNodes(
  { config, clusterAccess, log }: OpenHost,
  news: News,
  args: JsonArgs,
): Promise<ExitStatus> {
  if (config.cluster === undefined || clusterAccess === undefined) return EXIT.ok;
  const reason =
    clusterAccess instanceof OperationalError
      ? clusterAccess.message
      : await (await import('../cluster/tell.ts')).tellCluster(clusterAccess, config.cluster.node, news, systemClock());
  if (reason === undefined) {
    say('told the other nodes', args);
    return EXIT.ok;
  }
  log.warn('the other nodes do not know yet: the daemon tells them when its link is back', { reason });
  return EXIT.tempFail;
}
