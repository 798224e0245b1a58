import { readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { emptyMaps } from '../../src/map/empty.ts';
import type { Publisher } from '../../src/map/publish.ts';
import type { MapTarget } from '../../src/map/target.ts';
import { createLog } from '../../src/log.ts';
import type { Store } from '../../src/store/store.ts';
import { MapPlace } from './map-place.ts';
import { until } from './until.ts';

let place: MapPlace;
let store: Store;
let target: MapTarget & { base: string };

beforeEach(async () => {
  place = new MapPlace();
  store = await place.open();
  target = { ...place.hash, form: 'connect', base: path.join(place.parent, 'access') };
  for (const address of ['192.0.2.7', '198.51.100.7']) store.record({ logins: [place.login(address, address)] });
});

afterEach(async () => {
  await place.remove();
});

const ACCESS = '# mine\nConnect:192.0.2\tREJECT\nFrom:spam.example\tREJECT\n';
const PROBE = 'relaypass:probe\tDUNNO\n';
const MERGED = `Connect:192.0.2\tREJECT\nFrom:spam.example\tREJECT\nConnect:198.51.100.7\tRELAY\n${PROBE}`;

test("merges the admin's source, whose entries win, and leaves it as it is", async () => {
  writeFileSync(target.base, ACCESS);
  expect(await publish()).toBe('published');
  expect(map()).toBe(MERGED);
  expect(await publish()).toBe('unchanged');
  expect(readFileSync(target.base, 'utf8')).toBe(ACCESS);
});

test("publishes a change of the admin's source", async () => {
  edit(ACCESS);
  const publisher = publisherOf();
  publisher.start();
  await publisher.publishNow();
  edit('From:spam.example\tREJECT\n');
  await until(() => !map().includes('Connect:192.0.2\t'));
  await publisher.stop();
  expect(map()).toBe(`From:spam.example\tREJECT\nConnect:192.0.2.7\tRELAY\nConnect:198.51.100.7\tRELAY\n${PROBE}`);
});

test('goes on with the last good state of a source that is in error, and says the line', async () => {
  edit(ACCESS);
  await publish();
  edit(`${ACCESS}Connect:198.51.100.7\n`);
  expect(await publish()).toBe('unchanged');
  store.purge({ user: '198.51.100.7' });
  expect(await publish()).toBe('published');
  expect(map()).toBe(`Connect:192.0.2\tREJECT\nFrom:spam.example\tREJECT\n${PROBE}`);
  rmSync(target.base);
  expect(await publish()).toBe('unchanged');
  expect(place.logged.join('')).toMatch(/last good state.*access:4: expected a key, blanks and a value/);
  expect(place.logged.join('')).toMatch(/access: cannot be read: ENOENT/);
});

test('publishes nothing while a source was never good', async () => {
  edit('oops\n');
  expect(await publish()).toBe('failed');
  expect(place.permitted(target)).toBeUndefined();
  expect(place.logged.join('')).toMatch(/access:1: expected a key/);
});

test("leaves the admin's entries in a map that is emptied, those of today", async () => {
  edit(ACCESS);
  await publish();
  edit('Connect:203.0.113 RELAY\n');
  await publish();
  store.purge({ all: true });
  place.breakMakemap('exit 1');
  expect(await publish()).toBe('emptied');
  expect(map()).toBe(`Connect:203.0.113\tRELAY\n${PROBE}`);
});

test("keeps the admin's entries when no store can be read", async () => {
  edit(ACCESS);
  const log = createLog({ write: (line) => place.logged.push(line), priorities: false });
  expect(await emptyMaps({ targets: [target], builder: place.builder, log })).toBe(0);
  expect(map()).toBe(`Connect:192.0.2\tREJECT\nFrom:spam.example\tREJECT\n${PROBE}`);
});

let edits = 0;

/** Dates every edit apart, as time does between an admin's. */
function edit(text: string): void {
  writeFileSync(target.base, text);
  edits += 1;
  utimesSync(target.base, edits, edits);
}

async function publish(): Promise<string | undefined> {
  const publisher = publisherOf();
  const [result] = await publisher.publishNow();
  await publisher.stop();
  return result?.outcome;
}

function publisherOf(): Publisher {
  return place.publisher({ store, targets: [target] });
}

function map(): string {
  return readFileSync(target.file, 'utf8');
}
