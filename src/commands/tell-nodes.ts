import { systemClock } from '../clock.ts';
import type { News } from '../cluster/tell.ts';
import { EXIT, OperationalError, type ExitStatus } from '../errors.ts';
import { say, type JsonArgs } from './json-rows.ts';
import { publishMaps } from './publish-maps.ts';
import type { OpenHost } from './with-store.ts';

/**
 * Publishes the maps after a change, and tells the other nodes of it though a map cannot be had here.
 * @throws OperationalError as {@link publishMaps}
 */
export async function publishAndTell(host: OpenHost, news: News | undefined, args: JsonArgs): Promise<ExitStatus> {
  let told: ExitStatus = EXIT.ok;
  let published: ExitStatus;
  try {
    published = await publishMaps(host);
  } finally {
    if (news !== undefined) told = await tellNodes(host, news, args);
  }
  return published === EXIT.ok ? told : published;
}

/**
 * Tells the other nodes what a command has done, where there are any. Where they cannot be reached the daemon tells
 * them as soon as it can, and the exit status says that they do not know yet.
 */
async function tellNodes({ config, clusterAccess, log }: OpenHost, news: News, args: JsonArgs): Promise<ExitStatus> {
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
