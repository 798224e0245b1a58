import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { Environment } from '../../src/store/lmdb.ts';
import { Place, START } from './fixture.ts';

let place: Place;

beforeEach(() => {
  place = new Place();
});
afterEach(() => place.remove());

test('keeps nothing of a transaction that threw, and goes on', async () => {
  mkdirSync(place.dir);
  const environment = new Environment(place.dir);
  const table = environment.table('t');
  expect(() =>
    environment.write(() => {
      table.put(['a'], Buffer.from('1'));
      throw new RangeError('of the caller');
    }),
  ).toThrow(RangeError);
  expect(environment.read(() => table.get(['a']))).toBeUndefined();
  environment.write(() => table.put(['a'], Buffer.from('2')));
  expect(environment.read(() => table.get(['a'])?.toString())).toBe('2');
  await environment.close();
});

test('orders keys by number and text, and finds those under a prefix only', async () => {
  mkdirSync(place.dir);
  const environment = new Environment(place.dir);
  const table = environment.table('t');
  const keys = [
    ['192.0.2.1', ''],
    ['192.0.2.1', '\u{1f600}'],
    ['192.0.2.10', 'a'],
    [9, 'b'],
    [10, 'a'],
  ];
  environment.write(() => {
    for (const key of keys) table.put(key, Buffer.alloc(0));
  });
  expect(environment.read(() => [...table.keys(['192.0.2.1'])])).toEqual([keys[0], keys[1]]);
  expect(environment.read(() => [...table.keys()])).toEqual([keys[3], keys[4], keys[0], keys[1], keys[2]]);
  await environment.close();
});

const canMount = spawnSync('unshare', ['--mount', 'true']).status === 0; // takes root; skipped and named so elsewhere

/** A tiny file system of its own, in a mount namespace that ends with the child. */
(canMount ? test : test.skip).each([1, 100, 5000])(
  'throws on a full disk, at that call and all later ones, and keeps what it acknowledged (%d logins a transaction)',
  async (batch) => {
    const child = path.join(import.meta.dirname, 'store-process.js');
    const script = 'mount -t tmpfs -o size=1m none "$0" && exec "$@"';
    const fill = [process.execPath, child, 'fill-disk', place.dir, String(START), String(batch)];
    const { stdout, stderr } = spawnSync('unshare', ['--mount', 'sh', '-c', script, place.parent, ...fill], {
      encoding: 'utf8',
    });
    const told = stdout.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as unknown]));
    expect({ told, stderr: stderr.replace(/^Write error: No space left.*$/m, '').trim() }).toEqual({
      told: ['store-failed', 'store-failed', 'store-failed', 'kept all that was acknowledged'],
      stderr: '',
    });
  },
  60_000,
);
