import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { mapHolds } from '../../src/map/inspect.ts';
import { MapError } from '../../src/map/map-error.ts';
import type { MapTarget } from '../../src/map/target.ts';
import { asAddress } from './addresses.ts';
import { MapPlace } from './map-place.ts';

let place: MapPlace;

beforeEach(async () => {
  place = new MapPlace();
  const store = await place.open();
  store.record({ logins: [place.login('198.51.100.7')] });
});

afterEach(async () => {
  await place.remove();
});

test.each<[string, () => MapTarget]>([
  ['a map of Sendmail', () => place.hash],
  ["poprelayd's map", () => ({ ...place.hash, form: 'poprelayd' })],
  ['a text map', () => place.text],
])('tells whether %s permits an address', async (_kind, targetOf) => {
  const target = targetOf();
  await place.publisher({ store: await place.open(), targets: [target] }).publishNow();
  expect(await holds(target, '198.51.100.7')).toBe(true);
  expect(await holds(target, '198.51.100.8')).toBe(false);
  expect(await holds(target, '198.51.100.70')).toBe(false);
});

test("takes no refusal of the admin's for a permission", async () => {
  const base = path.join(place.parent, 'access');
  writeFileSync(base, 'Connect:198.51.100.7 REJECT\n');
  const target: MapTarget = { ...place.hash, form: 'connect', base };
  await place.publisher({ store: await place.open(), targets: [target] }).publishNow();
  expect(await holds(target, '198.51.100.7')).toBe(false);
});

test('says that a map is missing', async () => {
  for (const target of [place.hash, place.text]) {
    rmSync(target.file, { force: true });
    await expect(holds(target, '198.51.100.7')).rejects.toThrow(MapError);
  }
});

test('finds an address without editmap, too', async () => {
  await place.publisher({ store: await place.open() }).publishNow();
  place.removeEditmap();
  expect(await holds(place.hash, '198.51.100.7')).toBe(true);
  expect(await holds(place.hash, '198.51.100.8')).toBe(false);
});

function holds(target: MapTarget, address: string): Promise<boolean> {
  return mapHolds(target, asAddress(address), place.tools);
}
