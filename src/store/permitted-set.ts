/** The set of permitted addresses, which maps are made of, where all that is past has been removed from the store. */
import type { Address } from '../login/address.ts';
import { liveEntries } from './entry.ts';
import type { Limits } from './limits.ts';
import type { Logins } from './logins.ts';
import type { Meta } from './meta.ts';

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

/** To be used inside a transaction. */
export class PermittedSet {
  readonly #logins: Logins;
  readonly #meta: Meta;
  readonly #limits: Limits;

  constructor(logins: Logins, meta: Meta, limits: Limits) {
    this.#logins = logins;
    this.#meta = meta;
    this.#limits = limits;
  }

  state(): SetState {
    const { generation, lastRemoval, addresses: size } = this.#meta.state();
    return { generation, lastRemoval, size };
  }

  /** Reads the time index alone, a sixth of what the logins are. */
  snapshot(now: number): Snapshot {
    const found = new Set<Address>();
    for (const { address, dueAt } of this.#logins.places()) if (dueAt > now) found.add(address);
    return this.#of([...found].toSorted());
  }

  /** Those whom a login permits by its grace alone. */
  snapshotWithoutSessions(now: number): Snapshot {
    const entries = liveEntries(this.#logins.all(), now, { ...this.#limits, maxSessionMs: 0 });
    return this.#of(Array.from(entries, ({ address }) => address));
  }

  #of(addresses: readonly Address[]): Snapshot {
    return { ...this.state(), size: addresses.length, addresses };
  }

  /** What has become of the addresses that `moved`: each that has a login is permitted. */
  changes(moved: ReadonlySet<Address>): SetChanges {
    const permitted: Address[] = [];
    const refused: Address[] = [];
    for (const address of moved) (this.#logins.countAt(address) > 0 ? permitted : refused).push(address);
    return { ...this.state(), permitted, refused };
  }
}
