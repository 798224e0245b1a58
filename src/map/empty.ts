import path from 'node:path';
import type { Log } from '../log.ts';
import { NO_BASE, readBase } from './base.ts';
import type { MapBuilder } from './build.ts';
import { syncFolder } from './durable.ts';
import { asMapError, MapError } from './map-error.ts';
import { prepareStandIn, putStandIn } from './stand-in.ts';
import type { MapTarget } from './target.ts';

export interface EmptyMapsOptions {
  readonly targets: readonly MapTarget[];
  readonly builder: MapBuilder;
  readonly log: Log;
}

/**
 * Puts an empty map in the place of each: for a store that cannot be read, so that nobody knows who is permitted. The
 * result says of how many this failed too.
 */
export async function emptyMaps({ targets, builder, log }: EmptyMapsOptions): Promise<number> {
  const outcomes = await Promise.all(targets.map((target) => emptyMap(target, builder, log)));
  return outcomes.filter((outcome) => outcome === 'failed').length;
}

async function emptyMap(target: MapTarget, builder: MapBuilder, log: Log): Promise<'emptied' | 'failed'> {
  let base = NO_BASE;
  try {
    base = await readBase(target);
    await prepareStandIn(target, base, builder);
  } catch (error) {
    if (!(error instanceof MapError)) throw error;
    log.warn('empty map was not built, one that no MTA can read is put in its place', { reason: error.message });
  }
  try {
    putStandIn(target, base);
    syncFolder(path.dirname(target.file));
    return 'emptied';
  } catch (error) {
    const failure = asMapError(target, 'cannot be emptied', error);
    if (!(failure instanceof MapError)) throw failure;
    log.error('map could not be emptied', { reason: failure.message });
    return 'failed';
  }
}
