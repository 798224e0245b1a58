/**
 * What must hold of a map whatever happens: it is whole, and once a publish has returned it permits nobody whom the
 * store does not permit.
 */
import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import type { Publisher, PublishResult } from '../../src/map/publish.ts';
import { permitted as permittedBy, GRACE_MS, MINUTE_MS } from '../store/fixture.ts';
import type { Store } from '../../src/store/store.ts';
import { addressOf } from '../store/fixture.ts';
import { MapPlace } from './map-place.ts';

const FAULTS = {
  fails: 'exit 1',
  'writes half': 'head -c 20 > "$6.db"',
  'writes all and complains': 'cat > "$6.db"; echo "makemap: duplicate key" >&2; exit 65',
  'writes nothing': 'true',
  'is killed': 'cat > "$6.db"; kill -9 $$',
};

type Step =
  | { readonly do: 'log in'; readonly host: number }
  | { readonly do: 'purge'; readonly host: number }
  | { readonly do: 'wait'; readonly minutes: number }
  | { readonly do: 'break the tool'; readonly how: keyof typeof FAULTS }
  | { readonly do: 'mend the tool' }
  | { readonly do: 'overwrite the map' }
  | { readonly do: 'publish'; readonly who: 'daemon' | 'sweep' | 'both' };

const host = fc.integer({ min: 1, max: 5 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('log in' as const), host }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('purge' as const), host }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const), minutes: fc.integer({ min: 1, max: 25 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('break the tool' as const),
      how: fc.constantFrom('fails', 'writes half', 'writes all and complains', 'writes nothing', 'is killed'),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ do: 'mend the tool' } as const) },
  { weight: 1, arbitrary: fc.constant({ do: 'overwrite the map' } as const) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('publish' as const),
      who: fc.constantFrom('daemon' as const, 'sweep' as const, 'both' as const),
    }),
  },
);

test('leaves a whole map that permits nobody too many, whatever fails and whoever publishes', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const run = await Run.begin();
      try {
        for (const each of steps) await run.take(each);
        await run.mendsItself();
      } finally {
        await run.end();
      }
    }),
    { numRuns: 20 },
  );
}, 120_000);

class Run {
  readonly #place: MapPlace;
  readonly #store: Store;
  readonly #daemon: Publisher;
  readonly #sweep: Publisher;

  private constructor(place: MapPlace, store: Store, swept: Store) {
    this.#place = place;
    this.#store = store;
    const { amender } = place;
    this.#daemon = place.publisher({ store, amender, retryMs: 3_600_000 });
    this.#sweep = place.publisher({ store: swept, amender, retryMs: 3_600_000 });
  }

  static async begin(): Promise<Run> {
    const place = new MapPlace();
    return new Run(place, await place.open(), await place.open());
  }

  async take(next: Step): Promise<void> {
    switch (next.do) {
      case 'log in':
        this.#store.record({ logins: [this.#place.login(`198.51.100.${next.host}`)] });
        return;
      case 'purge':
        this.#store.purge({ address: addressOf(`198.51.100.${next.host}`) });
        return;
      case 'wait':
        this.#place.now += next.minutes * MINUTE_MS;
        return;
      case 'break the tool':
        this.#place.breakMakemap(FAULTS[next.how]);
        return;
      case 'mend the tool':
        this.#place.mendMakemap();
        return;
      case 'overwrite the map':
        this.#place.overwrite(this.#place.hash, ['203.0.113.9']);
        return;
      case 'publish':
        await this.#publish(next.who);
    }
  }

  async #publish(who: 'daemon' | 'sweep' | 'both'): Promise<void> {
    const publishers = { daemon: [this.#daemon], sweep: [this.#sweep], both: [this.#daemon, this.#sweep] }[who];
    const results = await Promise.all(publishers.map((publisher) => publisher.publishNow()));
    this.#check(results.flat());
  }

  #check(results: readonly PublishResult[]): void {
    const [map, live] = [this.#place.permitted(this.#place.hash), permittedBy(this.#store)];
    const outcomes = results.map(({ outcome }) => outcome);
    if (outcomes.some((outcome) => outcome === 'published' || outcome === 'unchanged')) expect(map).toEqual(live);
    if (outcomes.includes('emptied')) expect(map ?? []).toEqual([]);
    for (const address of map ?? []) expect(live).toContain(address);
  }

  /** Once the tool works, one publish makes everything good. */
  async mendsItself(): Promise<void> {
    this.#place.mendMakemap();
    await this.#publish('sweep');
    expect(this.#place.permitted(this.#place.hash)).toEqual(permittedBy(this.#store));
    this.#place.now += GRACE_MS;
    await this.#publish('daemon');
    expect(this.#place.permitted(this.#place.hash)).toEqual([]);
  }

  async end(): Promise<void> {
    for (const publisher of [this.#daemon, this.#sweep]) await publisher.stop();
    await this.#place.remove();
  }
}
