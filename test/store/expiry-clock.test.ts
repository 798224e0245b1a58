import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { ExpiryClock } from '../../src/store/expiry-clock.ts';
import type { Store } from '../../src/store/store.ts';
import { addressOf, GRACE_MS, MINUTE_MS, Place } from './fixture.ts';

let place: Place;
let store: Store;
let expiry: ExpiryClock;
let told: (addresses: string[]) => void;
let failures: unknown[];

beforeEach(async () => {
  place = new Place();
  store = await place.open();
  told = () => undefined;
  failures = [];
  expiry = new ExpiryClock(store, () => place.now, {
    changed: (expired) => told(expired.map(({ address }) => address)),
    failed: (error) => failures.push(error),
    ticked: () => undefined,
  });
});
afterEach(async () => {
  expiry.stop();
  await place.remove();
});

/** The addresses of the next change that it tells of. */
function nextChange(): Promise<string[]> {
  return new Promise((resolve) => (told = resolve));
}

async function until(isSo: () => boolean): Promise<void> {
  const limit = Date.now() + 20_000;
  while (!isSo() && Date.now() < limit) await new Promise(setImmediate);
}

test('expires what is past, and nothing else, without a look at the log', async () => {
  store.record({ logins: [place.login('192.0.2.7')] });
  place.now += MINUTE_MS;
  store.record({ logins: [place.login('192.0.2.8')] });
  expiry.start();
  const change = nextChange();
  place.now += GRACE_MS - MINUTE_MS;
  expect(await change).toEqual(['192.0.2.7']);
  expect(store.size()).toBe(1);
});

test('tells, without an address, of what was let in by others', async () => {
  expiry.start();
  const change = nextChange();
  store.record({ logins: [place.login('192.0.2.7')] });
  expect(await change).toEqual([]);
});

test('shortens what is kept when the clock is set back', async () => {
  store.record({ logins: [place.login('192.0.2.7')] });
  expiry.start();
  place.now -= MINUTE_MS;
  await until(() => store.nextExpiryAt() === place.now + GRACE_MS);
  expect(store.entry(addressOf('192.0.2.7'))?.expiresAt).toBe(place.now + GRACE_MS);
  expect(store.nextExpiryAt()).toBe(place.now + GRACE_MS);
});

test('says so when the store can be read no more', async () => {
  expiry.start();
  await store.close();
  await until(() => failures.length > 0);
  expect(failures).toHaveLength(1);
});
