import { afterEach, beforeEach, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { RecentChanges } from '../../src/store/recent-changes.ts';
import type { Store } from '../../src/store/store.ts';
import { addressOf, GRACE_MS, MINUTE_MS, Place } from './fixture.ts';

let place: Place;
let store: Store;

beforeEach(async () => {
  place = new Place();
  store = await place.open();
});

afterEach(async () => {
  await place.remove();
});

test('tells who came and who went since a generation, by what is permitted now', () => {
  logIn('198.51.100.1');
  const { generation } = store.setState();
  logIn('198.51.100.2');
  logIn('198.51.100.3');
  store.purge({ address: addressOf('198.51.100.1') });
  store.purge({ address: addressOf('198.51.100.2') });
  const changes = store.changesSince(generation);
  expect(changes?.permitted).toEqual(['198.51.100.3']);
  expect(changes?.refused).toEqual(['198.51.100.2', '198.51.100.1']);
  expect(changes).toMatchObject(store.setState());
});

test('counts one as gone whose time is up, though nobody has looked', () => {
  logIn('198.51.100.1');
  const { generation } = store.setState();
  place.now += GRACE_MS;
  expect(store.changesSince(generation)).toMatchObject({ permitted: [], refused: ['198.51.100.1'], size: 0 });
});

test('knows of no change where there was none', () => {
  expect(store.changesSince(store.setState().generation)).toMatchObject({ permitted: [], refused: [] });
});

test('does not claim to know what another process has changed', async () => {
  const other = await place.open();
  logIn('198.51.100.1');
  const { generation } = store.setState();
  other.record({ logins: [place.login('198.51.100.2', 'bob')] });
  expect(store.changesSince(generation)).toBeUndefined();
  logIn('198.51.100.3');
  expect(store.changesSince(generation)).toBeUndefined();
  const { generation: since } = store.setState();
  logIn('198.51.100.4');
  expect(store.changesSince(since)?.permitted).toEqual(['198.51.100.4']);
});

test('forgets the first of very many changes, and says so', () => {
  const recent = new RecentChanges();
  for (let generation = 0; generation < 10_001; generation++)
    recent.note(generation, generation + 1, [addressOf(`10.0.${generation >> 8}.${generation & 255}`)]);
  expect(recent.between(0, 10_001)).toBeUndefined();
  expect(recent.between(1, 10_001)?.size).toBe(10_000);
  recent.note(10_001, 10_002, [addressOf('10.1.0.1'), addressOf('10.1.0.2')]);
  expect(recent.between(2, 10_002)).toBeUndefined();
  expect(recent.between(3, 10_002)?.size).toBe(10_000);
});

type Step =
  | { readonly do: 'log in' | 'purge'; readonly host: number; readonly who: 'we' | 'another process' }
  | { readonly do: 'wait'; readonly minutes: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constantFrom('log in' as const, 'purge' as const),
      host: fc.integer({ min: 1, max: 4 }),
      who: fc.constantFrom('we' as const, 'we' as const, 'we' as const, 'another process' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('wait' as const), minutes: fc.integer({ min: 1, max: 40 }) }) },
);

test('amounts to what a look at all of the store shows, whenever it claims to know', async () => {
  let known = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), fc.nat(12), async (steps, from) => {
      const [ours, other] = [await place.open(), await place.open()];
      ours.purge({ all: true });
      let before = ours.snapshot();
      for (const [index, each] of steps.entries()) {
        if (index === from) before = ours.snapshot();
        if (each.do === 'wait') place.now += each.minutes * MINUTE_MS;
        else take(each.who === 'we' ? ours : other, each);
      }
      const changes = ours.changesSince(before.generation);
      if (changes !== undefined) {
        known += 1;
        const expected = new Set<string>(before.addresses);
        for (const address of changes.permitted) expected.add(address);
        for (const address of changes.refused) expected.delete(address);
        expect([...expected].toSorted()).toEqual(ours.snapshot().addresses);
      }
      await Promise.all([ours.close(), other.close()]);
    }),
    { numRuns: 30 },
  );
  expect(known).toBeGreaterThan(5);
});

function take(by: Store, { do: what, host }: Extract<Step, { host: number }>): void {
  const address = `198.51.100.${host}`;
  if (what === 'log in') by.record({ logins: [place.login(address)] });
  else by.purge({ address: addressOf(address) });
}

function logIn(address: string): void {
  store.record({ logins: [place.login(address, address)] });
}
