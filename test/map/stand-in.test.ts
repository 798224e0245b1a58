import { closeSync, fstatSync, openSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { MapPlace } from './map-place.ts';

let place: MapPlace;

beforeEach(() => {
  place = new MapPlace();
});

afterEach(async () => {
  await place.remove();
});

test('leaves an emptied map without a link when a map takes its place: by this Postfix sees that it is gone', async () => {
  const store = await place.open();
  const publisher = place.publisher({ store });
  const login = place.login('198.51.100.7');
  store.record({ logins: [login] });
  await publisher.publishNow();
  place.breakMakemap('exit 74');
  store.purge({ address: login.address });
  expect(await publisher.publishNow()).toMatchObject([{ outcome: 'emptied' }]);
  const opened = openSync(place.hash.file, 'r');
  place.mendMakemap();
  expect(await publisher.publishNow()).toMatchObject([{ outcome: 'published' }]);
  expect(fstatSync(opened).nlink).toBe(0);
  expect(fstatSync(opened).mtimeMs).toBeGreaterThan(0);
  closeSync(opened);
  place.breakMakemap('exit 74');
  store.record({ logins: [login] });
  expect(await publisher.publishNow()).toMatchObject([{ outcome: 'failed' }]);
  await publisher.stop();
});
