import { readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { Store } from '../../src/store/store.ts';
import { Place } from './fixture.ts';

let place: Place;
let store: Store;
let map: string;

beforeEach(async () => {
  place = new Place();
  store = await place.open();
  map = path.join(place.parent, 'map');
});
afterEach(() => place.remove());

test('knows of no map before the first', () => {
  expect(store.published(map)).toBeUndefined();
});

test('publishes a map and knows its generation, each map by itself', () => {
  expect(publish(7)).toBe('published');
  expect(store.published(map)).toEqual({ generation: 7, intact: true });
  expect(store.published(`${map}2`)).toBeUndefined();
  expect(store.fence(`${map}2`, 3, () => undefined)).toBe('published');
});

test('lists the maps that were ever published', () => {
  publish(7);
  store.fence(`${map}2`, 7, () => undefined);
  expect(store.publishedFiles()).toEqual([map, `${map}2`]);
});

test('lets no older map replace a newer one, and one of the same generation pass', () => {
  publish(7);
  expect(publish(6)).toBe('stale');
  expect(readFileSync(map, 'utf8')).toBe('7');
  expect(publish(7)).toBe('published');
  expect(publish(8)).toBe('published');
});

test('notices a map that somebody else replaced, changed or removed', () => {
  publish(7);
  writeFileSync(`${map}.other`, '7');
  renameSync(`${map}.other`, map);
  expect(store.published(map)).toEqual({ generation: 7, intact: false });
  publish(7);
  utimesSync(map, 1, 1);
  expect(store.published(map)?.intact).toBe(false);
  publish(7);
  rmSync(map);
  expect(store.published(map)?.intact).toBe(false);
});

test('notices a map of the same time that is another file, or has another size', () => {
  const sameTime = () => utimesSync(map, 1, 1);
  const publishOf = (content: string) =>
    store.fence(map, 7, () => {
      replaceBy(content);
      sameTime();
    });
  publishOf('7');
  replaceBy('8');
  sameTime();
  expect(store.published(map)?.intact).toBe(false);
  publishOf('7');
  writeFileSync(map, '7 and more');
  sameTime();
  expect(store.published(map)?.intact).toBe(false);
});

test('after a replacement that failed, an older map cannot come, and the one in place keeps its generation', () => {
  publish(5);
  expect(() => store.fence(map, 7, () => renameSync(`${map}.missing`, map))).toThrow('ENOENT');
  expect(publish(6)).toBe('stale');
  expect(store.published(map)).toEqual({ generation: 5, intact: true });
  expect(publish(7)).toBe('published');
});

test('lets no older map come while a newer one is being made', () => {
  publish(5);
  store.raiseFence(map, 7);
  store.raiseFence(map, 6);
  expect(publish(6)).toBe('stale');
  expect(store.published(map)).toEqual({ generation: 5, intact: true });
  expect(publish(7)).toBe('published');
});

test('lets no older map come while the first one is being made', () => {
  store.raiseFence(map, 7);
  expect(publish(6)).toBe('stale');
  expect(store.published(map)).toBeUndefined();
  expect(publish(7)).toBe('published');
});

test('does not count a map as intact that was replaced by a process which then died', async () => {
  publish(5);
  expect(() =>
    store.fence(map, 7, () => {
      replaceBy('7');
      throw new Error('as if killed after the rename');
    }),
  ).toThrow('killed');
  expect(store.published(map)).toEqual({ generation: 5, intact: false });
  expect(publish(6)).toBe('stale');
  await store.close();
  store = await place.open();
  expect(publish(6)).toBe('stale');
});

function publish(generation: number) {
  return store.fence(map, generation, () => replaceBy(String(generation)));
}

function replaceBy(content: string): void {
  writeFileSync(`${map}.new`, content);
  renameSync(`${map}.new`, map);
}
