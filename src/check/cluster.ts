import { systemClock, type Clock } from '../clock.ts';
import { readAccess } from '../cluster/access.ts';
import type { ClusterConfig } from '../config/schema.ts';
import { OperationalError } from '../errors.ts';
import { error, ok, warning, type Finding } from './finding.ts';

const CLOCK_MS = 2000; // a skewed clock lengthens nobody's access, but logs of two hosts no longer fit together

/** The link to the other hosts, tried by itself: the daemon's own may differ. */
export async function checkCluster(config: ClusterConfig, clock: Clock = systemClock): Promise<Finding[]> {
  try {
    const { probeCluster } = await import('../cluster/tell.ts');
    const probe = await probeCluster(readAccess(config), clock);
    if (typeof probe === 'string') {
      return [error(`cluster: no link: ${probe}`, 'see that Redis runs, lets this host in, and is 6.2 or newer')];
    }
    const { clockDifferenceMs, roundTripMs, entries } = probe;
    const link = ok(`cluster: linked as ${config.node}, entries: ${entries}, round trip: ${roundTripMs} ms`);
    if (Math.abs(clockDifferenceMs) <= CLOCK_MS) return [link];
    return [link, warning(`cluster: the clock of Redis differs by ${clockDifferenceMs} ms`, 'run NTP on both hosts')];
  } catch (failure) {
    if (failure instanceof OperationalError) return [error(failure.message, 'let the admin of the file give access')];
    throw failure;
  }
}
