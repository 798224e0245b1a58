import {
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { open } from 'lmdb';
import { Environment } from '../../src/store/lmdb.ts';
import { SCHEMA } from '../../src/store/meta.ts';
import { probeStore } from '../../src/store/probe.ts';
import { Records } from '../../src/store/records.ts';
import type { Store } from '../../src/store/store.ts';
import { permitted, Place } from './fixture.ts';

const asRoot = process.geteuid?.() === 0 ? test : test.skip; // giving a file away takes root
const NOBODY = 65534;
const PAGE_BYTES = 4096;

let place: Place;

beforeEach(() => {
  place = new Place();
});
afterEach(() => place.remove());

test("creates the store's folder for its owner alone", async () => {
  await place.open();
  expect(statSync(place.dir).mode & 0o777).toBe(0o700);
});

test('says what is wrong when the folder cannot be created', async () => {
  const dir = path.join(place.parent, 'missing', 'store');
  await expect(place.open({ dir })).rejects.toMatchObject({ code: 'store-folder', exitStatus: 73 });
});

test.each([
  ['truncated', (file: string) => truncateSync(file, 12_288)],
  ['cut to a page', (file: string) => truncateSync(file, 4096)],
  ['overwritten', (file: string) => writeFileSync(file, Buffer.alloc(statSync(file).size, 'x'))],
  ['replaced by a text', (file: string) => writeFileSync(file, 'hello')],
  ['changed in one byte of a record', changeOneByte],
])('sets a store aside that was %s, keeps it and begins anew', async (_, damage) => {
  await fill();
  damage(dataFile());
  const damaged = readFileSync(dataFile());

  await expect(place.open()).rejects.toMatchObject({ code: 'store-broken', exitStatus: 74 });
  expect(place.logged).toEqual([]);
  const store = await place.open({ broken: 'set-aside' });

  expect(permitted(store)).toEqual([]);
  expect(store.checkpoint('file:/m')).toBeUndefined();
  expect(store.record({ logins: [place.login('192.0.2.9')] })).toEqual([{ kind: 'granted' }]);
  const kept = readdirSync(place.parent).find((name) => name.startsWith('store.broken-2026-11-24T12-00-00'));
  expect(readFileSync(path.join(place.parent, kept ?? '', 'data.mdb')).equals(damaged)).toBe(true);
  expect(place.logged).toEqual([expect.stringMatching(/^error: the store could not be read and was set aside/)]);
});

test('reads every table of a store', async () => {
  await fill();
  const root = open({ path: place.dir, encoding: 'binary', maxDbs: 12 });
  const names = Array.from(root.getKeys(), String);
  await root.close();
  expect(names.length).toBeGreaterThan(5);
  const sound = readFileSync(dataFile());
  for (const name of names) {
    writeFileSync(dataFile(), sound);
    const environment = new Environment(place.dir);
    environment.write(() => environment.table(name).put(['~'], Buffer.from(`a record of ${name}`)));
    await environment.close();
    overwritePageOf(`a record of ${name}`);
    expect({ name, ...probeStore(place.dir) }).toMatchObject({ name, sound: false });
  }
});

test('keeps the last three stores that were set aside', async () => {
  for (let second = 1; second <= 6; second++) {
    place.now += 1000;
    await (await place.open({ broken: 'set-aside' })).close();
    writeFileSync(dataFile(), 'hello');
  }
  const kept = readdirSync(place.parent).filter((name) => name.startsWith('store.broken-'));
  expect(kept.map((name) => name.slice(-7, -5))).toEqual(['04', '05', '06']);
});

test.each([
  [
    'truncated',
    (file: string) => truncateSync(file, statSync(file).size - 4096),
    /data file has \d+ bytes and speaks of \d+/,
  ],
  ['cut to a page', (file: string) => truncateSync(file, 4096), /no second meta page/],
  [
    'overwritten',
    (file: string) => writeFileSync(file, Buffer.alloc(statSync(file).size, 'x')),
    /does not begin as one/,
  ],
  ['overwritten but for its head', overwriteBehindHead, /lacks its root page/],
  ['replaced by a text', (file: string) => writeFileSync(file, 'hello'), /does not begin as one/],
  ['emptied', (file: string) => truncateSync(file, 0), /does not begin as one/],
])('a glance at its head refuses a store that was %s', async (_, damage, reason) => {
  await fill();
  damage(dataFile());
  await expect(place.open({ broken: 'refuse-by-head' })).rejects.toThrow(reason);
});

test('a glance at its head lets a sound store pass, new, filled, emptied or grown', async () => {
  expect(permitted(await look())).toEqual([]);
  await fill();
  const store = await look();
  expect(permitted(store)).toHaveLength(100);
  store.purge({ all: true });
  expect(permitted(await look())).toEqual([]);
  for (let round = 0; round < 20; round++) {
    store.record({
      logins: Array.from({ length: 50 }, (__, host) => place.login(`198.51.${round}.${host}`, `u${host}`)),
    });
    expect(permitted(await look()).length).toBeGreaterThan(0);
  }
});

test('opens a store whose lock file is garbage or gone', async () => {
  await fill();
  writeFileSync(path.join(place.dir, 'lock.mdb'), Buffer.alloc(8192, 'x'));
  const store = await place.open();
  expect(permitted(store)).toContain('192.0.2.7');
});

test.each([SCHEMA - 1, SCHEMA + 1])('refuses a store of version %i, and leaves it as it is', async (version) => {
  await fill();
  const environment = new Environment(place.dir);
  const meta = new Records(environment.table('meta'));
  environment.write(() => meta.put(['schema'], version));
  await environment.close();
  await expect(place.open({ broken: 'set-aside' })).rejects.toMatchObject({ code: 'store-version', exitStatus: 78 });
  expect(readdirSync(place.parent)).toEqual(['store']);
});

asRoot('refuses a store with a file of another owner: opening it would be a crash', async () => {
  await fill();
  chownSync(path.join(place.dir, 'lock.mdb'), NOBODY, NOBODY);
  await expect(place.open({ broken: 'set-aside' })).rejects.toMatchObject({ code: 'store-owner', exitStatus: 77 });
  await expect(place.open()).rejects.toThrow(/lock\.mdb: belongs to uid 65534, this process runs as uid 0/);
});

asRoot('refuses a folder of another owner, and puts nothing into it', async () => {
  mkdirSync(place.dir);
  chownSync(place.dir, NOBODY, NOBODY);
  await expect(place.open()).rejects.toMatchObject({ code: 'store-owner' });
  expect(existsSync(dataFile())).toBe(false);
});

async function fill(): Promise<void> {
  const store = await place.open();
  const logins = Array.from({ length: 100 }, (_, host) => place.login(`192.0.2.${host + 1}`, `user${host}`));
  store.record({ logins, progress: { source: 'file:/m', checkpoint: { offset: 1 } } });
  await store.close();
}

function dataFile(): string {
  return path.join(place.dir, 'data.mdb');
}

/** All pages that hold, or once held, that text. */
function overwritePageOf(text: string): void {
  const data = readFileSync(dataFile());
  for (let at = data.indexOf(text); at !== -1; at = data.indexOf(text)) {
    const page = at - (at % PAGE_BYTES);
    data.fill('x', page, page + PAGE_BYTES);
  }
  writeFileSync(dataFile(), data);
}

function look(): Promise<Store> {
  return place.open({ broken: 'refuse-by-head' });
}

function overwriteBehindHead(file: string): void {
  const data = readFileSync(file);
  writeFileSync(file, data.fill('x', 8192));
}

/** Turns one address of a record, and of nothing else, into another: no fence of LMDB's stands there. */
function changeOneByte(file: string): void {
  const data = readFileSync(file);
  const at = data.lastIndexOf('Login: '); // the line that a login rests on: the audit trail has none
  data.write('M', at);
  writeFileSync(file, data);
}
