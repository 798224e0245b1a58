import type { Address } from '../login/address.ts';

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
  published(file: string): PublishedMap | undefined;
}

/** Which set of addresses is permitted. */
export interface SetState {
  /** Grows whenever an address comes or goes. */
  readonly generation: number;
  /** The generation in which an address last went: a map of that or a later one permits nobody whose time is up. */
  readonly lastRemoval: number;
  readonly size: number;
}

/** The addresses that are permitted now. */
interface Snapshot extends SetState {
  readonly addresses: readonly Address[];
}

/** Of the addresses that came or went since a generation those that are permitted now, and those that are not. */
interface SetChanges extends SetState {
  readonly permitted: readonly Address[];
  readonly refused: readonly Address[];
}

/** What the store noted when a map was put in place. */
interface PublishedMap {
  readonly generation: number;
  /** Whether the file is still that one. */
  readonly intact: boolean;
}
