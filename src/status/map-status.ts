import { statSync } from 'node:fs';
import { keptDate } from '../map/base.ts';
import { isStandIn } from '../map/stand-in.ts';
import type { MapTarget } from '../map/target.ts';
import type { Store } from '../store/store.ts';

/**
 * Whether a map says what the store does. `behind`: something has changed since it was built. `foreign`: it is not the
 * file that was published. `emptied`: an empty one stands in for it.
 */
type MapState = 'true' | 'behind' | 'foreign' | 'emptied' | 'missing';

export interface MapStatus {
  readonly file: string;
  readonly state: MapState;
  /** When the file was put in place, epoch milliseconds; null where it is missing. */
  readonly placedAt: number | null;
}

/** @param isSettled whether nothing in the store is past its time and not yet expired */
export function mapStatus(target: MapTarget, store: Store, isSettled: boolean): MapStatus {
  const { file } = target;
  const stats = statSync(file, { throwIfNoEntry: false });
  if (stats === undefined) return { file, state: 'missing', placedAt: null };
  // a rename changes the ctime; the mtime of a merged map is its base's
  return { file, state: stateOf(target, store, isSettled), placedAt: Math.trunc(stats.ctimeMs) };
}

function stateOf(target: MapTarget, store: Store, isSettled: boolean): MapState {
  if (isStandIn(target, { date: keptDate(target.file) })) return 'emptied';
  const published = store.published(target.file);
  if (published?.intact !== true) return 'foreign';
  return isSettled && published.generation === store.generation() ? 'true' : 'behind';
}
