/** When a map is changed in a copy of what stands, and when it is built anew. */
import { copyFileSync, readdirSync, readFileSync, renameSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { MapAmender } from '../../src/map/amend.ts';
import type { MapBuilder } from '../../src/map/build.ts';
import type { Publisher, PublisherOptions } from '../../src/map/publish.ts';
import type { MapTarget } from '../../src/map/target.ts';
import type { Store } from '../../src/store/store.ts';
import { addressOf, GRACE_MS, MINUTE_MS, permitted } from '../store/fixture.ts';
import { MapPlace } from './map-place.ts';
import { until } from './until.ts';

let place: MapPlace;
let store: Store;
let publisher: Publisher;
/** What was done since it was last looked at. */
let done: ('build' | 'change')[] = [];

beforeEach(async () => {
  place = new MapPlace();
  store = await place.open();
  publisher = publisherOf({});
  for (const host of [1, 2, 3]) logIn(`198.51.100.${host}`);
  await publisher.publishNow();
  done = [];
});

afterEach(() => place.remove());

test('changes what has changed, and builds nothing', async () => {
  logIn('198.51.100.4');
  logIn('2001:db8::7');
  await expectTrueBy(['change']);
  store.purge({ address: addressOf('198.51.100.1') });
  await expectTrueBy(['change']);
  logIn('198.51.100.1');
  store.purge({ address: addressOf('198.51.100.2') });
  await expectTrueBy(['change']);
});

test('takes away whose time is up as a change too', async () => {
  place.now += 10 * MINUTE_MS;
  logIn('198.51.100.4');
  await expectTrueBy(['change']);
  place.now += GRACE_MS - 10 * MINUTE_MS;
  await expectTrueBy(['change']);
  expect(place.permitted(place.hash)).toEqual(['198.51.100.4']);
});

test('goes on from one change to the next', async () => {
  for (let host = 4; host < 10; host++) {
    logIn(`198.51.100.${host}`);
    await expectTrueBy(['change']);
  }
});

test('makes a change in a copy that it has made before, and leaves none behind when it stops', async () => {
  let given: string | undefined;
  const watched: MapAmender = {
    ...place.amender,
    amend: (target, change, copy) => {
      given = readFileSync(String(copy?.file), 'utf8');
      return place.amender.amend(target, change, copy);
    },
  };
  await publisher.stop();
  publisher = publisherOf({ amender: watched });
  await publisher.rebuildNow();
  const stood = readFileSync(place.hash.file, 'utf8');
  logIn('198.51.100.4');
  await publisher.publishNow();
  expect(given).toBe(stood);
  await publisher.stop();
  expect(readdirSync(place.folder).filter((name) => name.includes('.build-'))).toEqual([]);
});

test('builds anew what it has not put there itself since it started', async () => {
  publisher = publisherOf({});
  logIn('198.51.100.4');
  await expectTrueBy(['build']);
});

test('builds anew after another process has published', async () => {
  logIn('198.51.100.4');
  await publisherOf({}).publishNow();
  done = [];
  logIn('198.51.100.5');
  await expectTrueBy(['build']);
  logIn('198.51.100.6');
  await expectTrueBy(['change']);
});

test('builds anew what another process has published of the same changes, which may leave out sessions', async () => {
  const other = await place.open({ broken: 'refuse-by-head' });
  const snapshot = other.snapshot();
  other.snapshot = () => ({ ...snapshot, addresses: [addressOf('198.51.100.1')] });
  await place.publisher({ store: other }).rebuildNow();
  expect(spelled(place.hash)).toEqual(['198.51.100.1']);
  await expectTrueBy(['build']);
});

test('builds anew after another process has changed the store', async () => {
  const other = await place.open({ broken: 'refuse-by-head' }); // as a command does, without a process that reads it all
  other.record({ logins: [place.login('198.51.100.4', 'bob')] });
  logIn('198.51.100.5');
  await expectTrueBy(['build']);
});

test.each<[string, (file: string) => void]>([
  ['removed and put back', (file) => (renameSync(file, `${file}.1`), copyFileSync(`${file}.1`, file))],
  ['written into', (file) => writeFileSync(file, readFileSync(file, 'utf8').replace('198.51.100.1', '203.0.113.99'))],
  ['built anew', () => place.overwrite(place.hash, ['203.0.113.9'])],
])('builds anew a map that somebody has %s, so that no foreign row lives on', async (_what, meddle) => {
  meddle(place.hash.file);
  logIn('198.51.100.4');
  await expectTrueBy(['build']);
});

test('throws away its change of a map that was replaced while it was copied', async () => {
  const meddler: MapAmender = {
    ...place.amender,
    amend: (target, change, copy) => {
      place.overwrite(place.hash, ['203.0.113.9']);
      return place.amender.amend(target, change, copy);
    },
  };
  publisher = publisherOf({ amender: counting(meddler) });
  await publisher.rebuildNow();
  done = [];
  logIn('198.51.100.4');
  await expectTrueBy(['change', 'build']);
});

test('builds anew what it cannot change, says so, and changes again from then on', async () => {
  place.breakMakemap('case $3 in -o) echo "makemap: no" >&2; exit 73 ;; esac; exec cat > "$6.db"');
  logIn('198.51.100.4');
  await expectTrueBy(['change', 'build']);
  expect(place.logged.join('')).toMatch('warn: map could not be changed, and is built anew');
  place.mendMakemap();
  logIn('198.51.100.5');
  await expectTrueBy(['change']);
});

test('builds anew after a failure', async () => {
  place.breakMakemap('exit 1');
  logIn('198.51.100.4');
  await publisher.publishNow();
  place.mendMakemap();
  done = [];
  await expectTrueBy(['build']);
});

test('builds all of it once an hour, and after the clock was set back', async () => {
  for (let minute = 0; minute < 60; minute += 20) {
    for (const host of [1, 2, 3]) logIn(`198.51.100.${host}`);
    logIn(`198.51.100.${minute + 10}`);
    await expectTrueBy(['change']);
    place.now += 20 * MINUTE_MS;
  }
  for (const host of [1, 2, 3, 8]) logIn(`198.51.100.${host}`);
  await expectTrueBy(['build']);
  place.now -= 1;
  logIn('198.51.100.9');
  await expectTrueBy(['build']);
});

test('builds what it has changed anew after an hour, though nothing more has changed', async () => {
  place.now += GRACE_MS;
  await expectTrueBy(['change']);
  place.now += GRACE_MS - 1;
  expect((await publisher.publishNow())[0]?.outcome).toBe('unchanged');
  place.now += 1;
  expect((await publisher.publishNow())[0]?.outcome).toBe('published');
  expect(spelled(place.hash)).toEqual([]);
});

test('looks at its map while nothing changes, and builds anew what somebody has put there', async () => {
  await publisher.stop();
  publisher = publisherOf({ lookMs: 10 });
  await publisher.publishNow();
  publisher.start();
  place.overwrite(place.hash, ['203.0.113.9']);
  await until(() => place.permitted(place.hash)?.includes('203.0.113.9') === false);
  expect(spelled(place.hash)).toEqual(permitted(store));
});

test('builds anew for a large change', async () => {
  for (let host = 10; host < 20; host++) logIn(`198.51.100.${host}`);
  await expectTrueBy(['build']);
});

test('builds anew where there is no editmap to remove a key with', async () => {
  place.removeEditmap();
  logIn('198.51.100.4');
  await expectTrueBy(['change']);
  store.purge({ address: addressOf('198.51.100.1') });
  await expectTrueBy(['build']);
});

test('builds anew when asked to', async () => {
  logIn('198.51.100.4');
  await publisher.rebuildNow();
  expect(done).toEqual(['build']);
});

test("builds anew when the admin's source has changed or is in error, and never touches what it says", async () => {
  const target = await publishMerged();
  logIn('198.51.100.4');
  await published(['change']);
  store.purge({ address: addressOf('198.51.100.1') });
  await published(['change']);
  expect(readFileSync(target.file, 'utf8')).toMatch('Connect:198.51.100.1\tREJECT\n');
  edit(target, 'Connect:198.51.100.2\tREJECT\n');
  logIn('198.51.100.5');
  await published(['build']);
  edit(target, 'Connect:198.51.100.2\n');
  logIn('198.51.100.6');
  await published(['build']);
});

test('builds anew a map into which somebody has written, though it has the size and the date it had', async () => {
  const target = await publishMerged();
  const { mtime } = statSync(target.file);
  writeFileSync(target.file, readFileSync(target.file, 'utf8').replace('198.51.100.2', '203.0.113.99'));
  utimesSync(target.file, mtime, mtime);
  logIn('198.51.100.4');
  await published(['build']);
  expect(readFileSync(target.file, 'utf8')).not.toMatch('203.0.113.99');
});

async function publishMerged(): Promise<MapTarget & { base: string }> {
  const target = { ...place.hash, form: 'connect' as const, base: path.join(place.parent, 'access') };
  publisher = publisherOf({ targets: [target] });
  edit(target, 'Connect:198.51.100.1\tREJECT\n');
  await publisher.rebuildNow();
  done = [];
  return target;
}

let edits = 0;
function edit({ base }: { base: string }, text: string): void {
  const date = new Date(1_700_000_000_000 + 1000 * edits++);
  writeFileSync(base, text);
  utimesSync(base, date, date);
}

async function published(how: readonly ('build' | 'change')[]): Promise<void> {
  expect((await publisher.publishNow())[0]?.outcome).toBe('published');
  expect(done).toEqual(how);
  done = [];
}

async function expectTrueBy(how: readonly ('build' | 'change')[]): Promise<void> {
  await published(how);
  expect(spelled(place.hash)).toEqual(permitted(store));
}

/** Whom the map permits, each once. */
function spelled(target: MapTarget): string[] | undefined {
  return place
    .permitted(target)
    ?.filter((key) => !/^IPv6:(\w+:){7}\w+$/.test(key))
    .map((key) => key.replace('IPv6:', ''))
    .toSorted();
}

function publisherOf(options: Partial<PublisherOptions>): Publisher {
  const builder: MapBuilder = (target, rows) => {
    if (rows.length > 2) done.push('build'); // the other is the stand-in
    return place.builder(target, rows);
  };
  return place.publisher({ store, builder, amender: counting(place.amender), ...options });
}

function counting(amender: MapAmender): MapAmender {
  return {
    ...amender,
    amend: (target, change, copy) => {
      done.push('change');
      return amender.amend(target, change, copy);
    },
  };
}

function logIn(address: string): void {
  store.record({ logins: [place.login(address, address)] });
}
