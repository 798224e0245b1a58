import type { Address } from '../login/address.ts';
import type { Published } from '../store/fence.ts';
import type { SetChanges, SetState, Snapshot } from '../store/permitted-set.ts';

/** What a publisher needs of the store. */
export interface MapStore {
  /** Which set is permitted now: what has expired is gone from it, and counted as gone. */
  setState(): SetState;
  /** The set itself. */
  snapshot(): Snapshot;
  /** What has changed in it since `generation`; undefined where that is not known. */
  changesSince(generation: number): SetChanges | undefined;
  /** When an address expires, epoch milliseconds. */
  entry(address: Address): { readonly expiresAt: number } | undefined;
  /** Runs `replace` unless a newer generation is published, in one transaction with the note of what stands then. */
  fence(file: string, generation: number, replace: () => void): 'published' | 'stale';
  /** Lets no map of a generation before this be published any more; {@link fence} does so too, where it was not done. */
  raiseFence(file: string, generation: number): void;
  published(file: string): Published | undefined;
}
