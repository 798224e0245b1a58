/**
 * Maps that were published here and are kept true no more: the configuration names another path, or the tool that built
 * them is gone. Whom they permit they would permit for ever, so they are emptied. A file that somebody has built since
 * is his, and left alone.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Log } from '../log.ts';
import { keptDate } from './base.ts';
import { syncFolder } from './durable.ts';
import { asMapError, MapError } from './map-error.ts';
import type { MapStore } from './map-store.ts';
import { isStandIn, putStandIn } from './stand-in.ts';
import type { MapTarget } from './target.ts';

export interface AbandonedMapsOptions {
  readonly store: Pick<MapStore, 'setState' | 'fence' | 'published'> & { publishedFiles(): readonly string[] };
  /** The maps that are kept true. */
  readonly targets: readonly MapTarget[];
  readonly log: Log;
}

/** Empties what was published and is none of `targets`; what cannot be emptied is told in the log. */
export function emptyAbandonedMaps({ store, targets, log }: AbandonedMapsOptions): void {
  const kept = new Set(targets.map(({ file }) => file));
  for (const file of store.publishedFiles()) {
    if (kept.has(file) || !existsSync(file) || store.published(file)?.intact !== true) continue;
    try {
      emptyAbandoned(file, store, log);
    } catch (error) {
      const failure = asMapError({ file }, 'is kept true no more, and cannot be emptied', error);
      if (!(failure instanceof MapError)) throw failure;
      log.error('map could not be emptied', { reason: failure.message });
    }
  }
}

function emptyAbandoned(file: string, store: AbandonedMapsOptions['store'], log: Log): void {
  const base = { date: keptDate(file) };
  if (isStandIn({ file }, base)) return;
  store.fence(file, store.setState().generation, () => {
    putStandIn({ file }, base);
    syncFolder(path.dirname(file));
  });
  log.error('map was emptied, since it is kept true no more', { map: file });
}
