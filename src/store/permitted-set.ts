import type { Address } from '../login/address.ts';

/** Which set of addresses is permitted at one instant. */
export interface SetState {
  /** Of equal ones the sets are equal. */
  readonly generation: number;
  /** The generation in which an address last went: a map of that or a later one permits nobody whose time is up. */
  readonly lastRemoval: number;
  readonly size: number;
}

/** What has changed in that set. */
export interface SetChanges extends SetState {
  /** Those of the addresses that came or went which are permitted now, and those which are not. */
  readonly permitted: readonly Address[];
  readonly refused: readonly Address[];
}

/** The permitted addresses at one instant. */
export interface Snapshot extends SetState {
  /** In the order of their text. */
  readonly addresses: readonly Address[];
}
