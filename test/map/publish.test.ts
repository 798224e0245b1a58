import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { MapBuilder } from '../../src/map/build.ts';
import type { PublishResult } from '../../src/map/publish.ts';
import type { Store } from '../../src/store/store.ts';
import { addressOf, GRACE_MS, MINUTE_MS } from '../store/fixture.ts';
import { until } from './until.ts';
import { MapPlace } from './map-place.ts';

let place: MapPlace;
let store: Store;

beforeEach(async () => {
  place = new MapPlace();
  store = await place.open();
});

afterEach(async () => {
  await place.remove();
});

test('makes an empty map before anybody has logged in, so that the MTA finds one', async () => {
  const targets = [place.hash, place.text];
  await place.publisher({ store, targets }).publishNow();
  expect(targets.map((target) => place.permitted(target))).toEqual([[], []]);
});

test('publishes a login, and takes it away when its time is up', async () => {
  const publisher = place.publisher({ store });
  logIn('198.51.100.7');
  expect(await publisher.publishNow()).toEqual([
    { file: place.hash.file, outcome: 'published', addresses: 1, reason: undefined },
  ]);
  expect(place.permitted(place.hash)).toEqual(['198.51.100.7']);
  place.now += GRACE_MS;
  expect(await outcomeOf(publisher.publishNow())).toBe('published');
  expect(place.permitted(place.hash)).toEqual([]);
});

test("writes into poprelayd's map when each address expires", async () => {
  const target = { ...place.hash, form: 'poprelayd' as const };
  logIn('198.51.100.7');
  await place.publisher({ store, targets: [target] }).publishNow();
  const expiry = Math.floor((place.now + GRACE_MS) / 1000);
  expect(readFileSync(target.file, 'utf8')).toBe(`198.51.100.7\t${expiry}\nrelaypass:probe\tDUNNO\n`);
});

test('does not build again what has not changed, whoever asks', async () => {
  logIn('198.51.100.7');
  await place.publisher({ store }).publishNow();
  const before = statSync(place.hash.file);
  expect(await outcomeOf(place.publisher({ store }).publishNow())).toBe('unchanged');
  logIn('198.51.100.7'); // again: the map is the same
  expect(await outcomeOf(place.publisher({ store }).publishNow())).toBe('unchanged');
  expect(statSync(place.hash.file).ino).toBe(before.ino);
});

test('builds a map anew that somebody else has removed or changed', async () => {
  logIn('198.51.100.7');
  const publisher = place.publisher({ store });
  await publisher.publishNow();
  rmSync(place.hash.file);
  expect(await outcomeOf(publisher.publishNow())).toBe('published');
  place.overwrite(place.hash, ['203.0.113.9']);
  expect(await outcomeOf(publisher.publishNow())).toBe('published');
  utimesSync(place.hash.file, 0, 0);
  expect(await outcomeOf(publisher.publishNow())).toBe('published');
  expect(place.permitted(place.hash)).toEqual(['198.51.100.7']);
});

test('builds every map anew when asked to, since what stands may come from another configuration', async () => {
  const target = place.text;
  const publisher = place.publisher({ store, targets: [target] });
  await publisher.publishNow();
  const before = statSync(target.file).ino;
  expect(await outcomeOf(publisher.rebuildNow())).toBe('published');
  expect(statSync(target.file).ino).not.toBe(before);
});

test('POPRelay, one makemap a login: the first change is published at once, and what comes during a build joins the next', async () => {
  const gate = new Gate(place.builder);
  const publisher = place.publisher({ store, builder: gate.build });
  await publisher.publishNow();
  gate.close();
  gate.builds = 0;
  logIn('198.51.100.1');
  const first = publisher.publishNow();
  await gate.reached();
  const others = Array.from({ length: 50 }, (_, index) => {
    logIn(`198.51.100.${index + 2}`);
    return publisher.publishNow();
  });
  gate.open();
  expect(await outcomeOf(first)).toBe('published');
  await Promise.all(others);
  expect(gate.builds).toBe(2);
  expect(place.permitted(place.hash)).toHaveLength(51);
});

test('publishes what was requested without being waited for', async () => {
  const publisher = place.publisher({ store });
  logIn('198.51.100.7');
  publisher.request();
  await publisher.stop();
  expect(place.permitted(place.hash)).toEqual(['198.51.100.7']);
});

test('keeps the last good map when a build fails that only lacks a newcomer, says so and tries again', async () => {
  const publisher = place.publisher({ store, retryMs: 20 });
  logIn('198.51.100.7');
  await publisher.publishNow();
  place.breakMakemap('cat > "$6.db"; echo "makemap: no space left on device" >&2; exit 74');
  logIn('198.51.100.8');
  const [result] = await publisher.publishNow();
  expect(result).toMatchObject({ outcome: 'failed', addresses: 2 });
  expect(result?.reason).toMatch(/popauth\.db: .*makemap exited with status 74: makemap: no space left on device/);
  expect(place.permitted(place.hash)).toEqual(['198.51.100.7']);
  place.mendMakemap();
  await until(() => place.permitted(place.hash)?.length === 2);
  await publisher.stop();
  expect(place.logged.join('')).toMatch(/warn: map was not published.*status 74.*\n.*map was published again/s);
});

test('reports a failure that lasts once a minute', async () => {
  const publisher = place.publisher({ store });
  place.breakMakemap('exit 1');
  for (let attempt = 0; attempt < 5; attempt++) await publisher.publishNow();
  expect(place.logged).toHaveLength(1);
  place.now += MINUTE_MS;
  await publisher.publishNow();
  expect(place.logged).toHaveLength(2);
  await publisher.stop();
});

test.each(['its time is up', 'it was purged'])(
  'puts an empty map in the place of one that cannot be rebuilt and permits an address when %s',
  async (why) => {
    const publisher = place.publisher({ store });
    logIn('198.51.100.7');
    place.now += MINUTE_MS;
    logIn('198.51.100.8');
    await publisher.publishNow();
    place.breakMakemap('exit 1');
    if (why === 'it was purged') store.purge({ address: addressOf('198.51.100.7') });
    else place.now += GRACE_MS - MINUTE_MS;
    expect(await outcomeOf(publisher.publishNow())).toBe('emptied');
    expect(place.permitted(place.hash)).toEqual([]);
    expect(place.logged.join('')).toMatch('error: map was emptied, since it could permit addresses whose time is up');
    expect(await outcomeOf(publisher.publishNow())).toBe('failed'); // and stays so
    expect(place.permitted(place.hash)).toEqual([]);
    await publisher.stop();
  },
);

test('fills an emptied map again as soon as it can be built, whoever does it', async () => {
  const daemon = place.publisher({ store });
  logIn('198.51.100.7');
  await daemon.publishNow();
  logIn('198.51.100.8');
  store.purge({ address: addressOf('198.51.100.7') });
  place.breakMakemap('exit 1');
  expect(await outcomeOf(daemon.publishNow())).toBe('emptied');
  await daemon.stop();
  place.mendMakemap();
  expect(await outcomeOf(place.publisher({ store }).publishNow())).toBe('published');
  expect(place.permitted(place.hash)).toEqual(['198.51.100.8']);
  expect(await outcomeOf(place.publisher({ store }).publishNow())).toBe('unchanged');
});

test('empties a map that it did not build and cannot replace, without bytes where the tool never worked', async () => {
  place.breakMakemap('exit 1');
  place.overwrite(place.hash, ['203.0.113.9']);
  const publisher = place.publisher({ store });
  expect(await outcomeOf(publisher.publishNow())).toBe('emptied');
  expect(readFileSync(place.hash.file, 'utf8')).toBe('');
  place.mendMakemap();
  expect(await outcomeOf(publisher.publishNow())).toBe('published');
  expect(place.permitted(place.hash)).toEqual([]);
});

test('trusts no empty map into which somebody has written', async () => {
  const publisher = place.publisher({ store });
  logIn('198.51.100.7');
  await publisher.publishNow();
  store.purge({ all: true });
  place.breakMakemap('exit 1');
  expect(await outcomeOf(publisher.publishNow())).toBe('emptied');
  place.overwrite(place.hash, ['203.0.113.9']); // into the stand-in, which is what stands
  expect(await outcomeOf(publisher.publishNow())).toBe('emptied');
  expect(place.permitted(place.hash)).toBeUndefined();
  place.mendMakemap();
  expect(await outcomeOf(publisher.publishNow())).toBe('published');
  expect(place.permitted(place.hash)).toEqual([]);
});

test('is settled while no map is due, and each was published when it was last tried', async () => {
  const gate = new Gate(place.builder);
  const publisher = place.publisher({ store, builder: gate.build, targets: [place.text, place.hash], retryMs: 20 });
  await publisher.publishNow();
  expect(publisher.isSettled).toBe(true);
  gate.close();
  logIn('198.51.100.7');
  const attempt = publisher.publishNow();
  expect(publisher.isSettled).toBe(false);
  await gate.reached();
  place.breakMakemap('exit 1');
  gate.open();
  await attempt;
  expect(publisher.isSettled).toBe(false);
  place.mendMakemap();
  await until(() => publisher.isSettled);
  expect(place.permitted(place.hash)).toEqual(['198.51.100.7']);
});

test('does not hold up one map for another that fails', async () => {
  place.breakMakemap('exit 1');
  logIn('198.51.100.7');
  const publisher = place.publisher({ store, targets: [place.hash, place.text] });
  expect((await publisher.publishNow()).map(({ outcome }) => outcome)).toEqual(['failed', 'published']);
  expect(place.permitted(place.text)).toEqual(['198.51.100.7']);
  await publisher.stop();
});

test('lets no older map replace a newer one', async () => {
  const gate = new Gate(place.builder);
  const slow = place.publisher({ store, builder: gate.build });
  await slow.publishNow();
  logIn('198.51.100.7');
  gate.close();
  const late = slow.publishNow();
  await gate.reached();
  store.purge({ all: true });
  expect(await outcomeOf(place.publisher({ store }).publishNow())).toBe('published');
  gate.open();
  expect(await outcomeOf(late)).toBe('stale');
  expect(place.permitted(place.hash)).toEqual([]);
});

test('says what is in the way of a map', async () => {
  mkdirSync(place.hash.file);
  const publisher = place.publisher({ store });
  const [result] = await publisher.publishNow();
  expect(result?.outcome).toBe('failed');
  expect(result?.reason).toMatch(/popauth\.db: cannot be published: EISDIR/);
  await publisher.stop();
});

test('tries no more once it is stopped, and leaves nothing behind', async () => {
  place.breakMakemap('exit 1');
  const publisher = place.publisher({ store, retryMs: 1 });
  await publisher.publishNow();
  await publisher.stop();
  publisher.request();
  place.mendMakemap();
  await new Promise((resolve) => setImmediate(resolve));
  expect(readdirSync(place.folder)).toEqual([]);
});

test('passes on that the store failed', async () => {
  const publisher = place.publisher({ store });
  await store.close();
  await expect(publisher.publishNow()).rejects.toThrow();
  expect(existsSync(place.hash.file)).toBe(false);
});

test('leaves nothing beside the map but its empty stand-in', async () => {
  logIn('198.51.100.7');
  await place.publisher({ store }).publishNow();
  expect(readdirSync(place.folder).toSorted()).toEqual(['.popauth.db.empty', 'popauth.db']);
  expect(statSync(path.join(place.folder, 'popauth.db')).mode & 0o777).toBe(0o644);
});

function logIn(address: string): void {
  store.record({ logins: [place.login(address, `user-${address}`)] });
}

async function outcomeOf(results: Promise<PublishResult[]>): Promise<string | undefined> {
  return (await results)[0]?.outcome;
}

/** Holds builds back while it is closed. */
class Gate {
  builds = 0;
  readonly build: MapBuilder;
  #opened: Promise<void> | undefined;
  #open: () => void = () => undefined;
  #reached: () => void = () => undefined;
  #waiting: Promise<void> | undefined;

  constructor(builder: MapBuilder) {
    this.build = async (target, rows) => {
      this.builds += 1;
      this.#reached();
      await this.#opened;
      return builder(target, rows);
    };
  }

  close(): void {
    this.#opened = new Promise((resolve) => (this.#open = resolve));
    this.#waiting = new Promise((resolve) => (this.#reached = resolve));
  }

  async reached(): Promise<void> {
    await this.#waiting;
  }

  open(): void {
    this.#open();
    this.#opened = undefined;
  }
}
