import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createLog } from '../../src/log.ts';
import { emptyAbandonedMaps } from '../../src/map/abandoned.ts';
import type { MapTarget } from '../../src/map/target.ts';
import type { Store } from '../../src/store/store.ts';
import { MapPlace } from './map-place.ts';

let place: MapPlace;
let store: Store;

beforeEach(async () => {
  place = new MapPlace();
  store = await place.open();
  store.record({ logins: [place.login('198.51.100.7')] });
});

afterEach(async () => {
  await place.remove();
});

test('empties a map that was published and is kept true no more, and leaves the others', async () => {
  await publish([place.hash, place.text]);
  empty([place.text]);
  expect(place.permitted(place.hash)).toEqual([]);
  expect(place.permitted(place.text)).toEqual(['198.51.100.7']);
  empty([place.text]);
  expect(place.logged).toEqual([`error: map was emptied, since it is kept true no more map=${place.hash.file}\n`]);
});

test('keeps it true again as soon as it is asked to', async () => {
  await publish([place.hash]);
  empty([]);
  await publish([place.hash]);
  expect(place.permitted(place.hash)).toEqual(['198.51.100.7']);
});

test("leaves a file alone that somebody else has put in the map's place", async () => {
  await publish([place.hash]);
  rmSync(place.hash.file);
  place.overwrite(place.hash, ['203.0.113.9']);
  empty([]);
  expect(place.permitted(place.hash)).toEqual(['203.0.113.9']);
});

test("leaves the admin's entries in it", async () => {
  const base = path.join(place.parent, 'access');
  writeFileSync(base, 'Connect:203.0.113\tRELAY\n');
  const target: MapTarget = { ...place.hash, form: 'connect', base };
  await publish([target]);
  empty([]);
  expect(place.permitted(target)).toEqual(['Connect:203.0.113']);
});

test('goes on where one cannot be emptied', async () => {
  await publish([place.hash, place.text]);
  mkdirSync(path.join(place.folder, '.popauth.db.empty.link'));
  empty([]);
  expect(place.permitted(place.text)).toEqual([]);
  expect(place.logged.join('')).toMatch(/map could not be emptied reason=.*popauth\.db: is kept true no more/);
});

async function publish(targets: MapTarget[]): Promise<void> {
  await place.publisher({ store, targets }).publishNow();
}

function empty(targets: MapTarget[]): void {
  const log = createLog({ write: (line) => place.logged.push(line), priorities: false });
  emptyAbandonedMaps({ store, targets, log });
}
