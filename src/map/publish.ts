/**
 * Keeps each map true to the store. The daemon, `purge` and the sweep timer publish through this one file, at the same
 * time if it so happens: the store's fence lets no older map replace a newer one.
 *
 * - The first change is published at once; what arrives during a build joins the next. There is no fixed delay.
 * - A map that fails to build leaves the last good one in place; it is reported and tried again, ever more slowly, but every ten seconds.
 * - Where the map that stands could permit an address that is permitted no more, and its successor fails to build, an
 *   empty map takes its place.
 *
 * Limits: an address that expires during a build is in that build, and gone with the next.
 */
import { createBuilder, type MapBuilder } from './build.ts';
import { MapPublisher, type MapPublisherOptions, type PublishResult } from './map-publisher.ts';
import type { MapTarget } from './target.ts';
import { hostTools } from './tools.ts';

export type { PublishResult } from './map-publisher.ts';

export interface PublisherOptions extends Omit<MapPublisherOptions, 'target' | 'builder'> {
  readonly targets: readonly MapTarget[];
  /** @default one with this host's tools */
  readonly builder?: MapBuilder;
}

/** Publishes all maps of a host, each on its own, so that one which fails does not hold up another. */
export class Publisher {
  readonly #maps: readonly MapPublisher[];

  constructor({ targets, builder = createBuilder(hostTools()), ...options }: PublisherOptions) {
    this.#maps = targets.map((target) => new MapPublisher({ ...options, builder, target }));
  }

  /** Has a change of an admin's own source published too, and a map that is overwritten or old, until {@link stop}. */
  start(): void {
    for (const map of this.#maps) map.start();
  }

  /**
   * Publishes what the store permits now; settles when each map's attempt has ended.
   * @throws whatever the store throws, and bugs; a map that cannot be built is a result
   */
  publishNow(): Promise<PublishResult[]> {
    return Promise.all(this.#maps.map((map) => map.publish()));
  }

  /** The same with every map built anew, since what stands may come from another configuration. */
  rebuildNow(): Promise<PublishResult[]> {
    return Promise.all(this.#maps.map((map) => map.rebuild()));
  }

  /** Has the store's change published soon. */
  request(): void {
    for (const map of this.#maps) map.request();
  }

  /** Whether every map's last attempt has succeeded, and none is due. */
  get isSettled(): boolean {
    return this.#maps.every((map) => map.isSettled);
  }

  /** Waits for the attempts that were asked for, and makes no other. */
  async stop(): Promise<void> {
    await Promise.all(this.#maps.map((map) => map.stop()));
  }
}
