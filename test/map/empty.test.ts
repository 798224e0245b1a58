import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createLog } from '../../src/log.ts';
import { emptyMaps } from '../../src/map/empty.ts';
import { MapPlace } from './map-place.ts';

let place: MapPlace;

beforeEach(() => {
  place = new MapPlace();
});

afterEach(async () => {
  await place.remove();
});

test('puts an empty map in the place of each without asking the store', async () => {
  place.overwrite(place.hash, ['203.0.113.9']);
  expect(await empty()).toBe(0);
  expect(place.permitted(place.hash)).toEqual([]);
  expect(place.permitted(place.text)).toEqual([]);
});

test('puts one that no MTA can read in the place of a map whose tool fails', async () => {
  place.breakMakemap('exit 1');
  place.overwrite(place.hash, ['203.0.113.9']);
  expect(await empty()).toBe(0);
  expect(readFileSync(place.hash.file, 'utf8')).toBe('');
  expect(place.logged.join('')).toMatch('warn: empty map was not built');
});

test('says which map cannot be emptied, and empties the others', async () => {
  mkdirSync(place.hash.file);
  place.overwrite(place.text, ['203.0.113.9']);
  expect(await empty()).toBe(1);
  expect(place.permitted(place.text)).toEqual([]);
  expect(place.logged.join('')).toMatch(/error: map could not be emptied reason=.*popauth\.db/);
});

test('says that the folder of a map is missing', async () => {
  rmSync(place.folder, { recursive: true });
  expect(await empty()).toBe(2);
});

function empty(): Promise<number> {
  const log = createLog({ write: (line) => place.logged.push(line), priorities: false });
  return emptyMaps({ targets: [place.hash, place.text], builder: place.builder, log });
}
