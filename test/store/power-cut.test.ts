/** What a power cut leaves of a login that was seen before the disk had all of it, and what the disk's refusal does. */
import { closeSync, copyFileSync, mkdirSync, openSync, readSync, renameSync, symlinkSync, writeSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { LateSync } from '../../src/store/late-sync.ts';
import { Environment } from '../../src/store/lmdb.ts';
import { Logins } from '../../src/store/logins.ts';
import { Meta } from '../../src/store/meta.ts';
import { Place } from './fixture.ts';

let place: Place;

beforeEach(() => {
  place = new Place();
});
afterEach(() => place.remove());

test('takes back what was not on the disk, all of it and its place in the log, and nothing else', async () => {
  const store = await place.open();
  const data = path.join(place.dir, 'data.mdb');
  const heads: Buffer[] = [];
  for (let round = 0; round < 60; round++) {
    heads.push(headOf(data));
    const logins = [place.login(`192.0.2.${round}`, `user${round % 7}`)];
    store.record({ logins, progress: { source: 'log', checkpoint: { round } } });
    if (round % 5 === 4) store.purge({ user: `user${round % 7}` });
    if (round % 5 === 4) heads.length = 0; // that was on the disk before it was told
    for (const [index, head] of heads.slice(-2).toReversed().entries()) {
      // the pages went to the disk, and of the page that names them the state before, or the one before that
      const found = await stateOf(place, data, head);
      expect(found).toEqual({ damage: undefined, round: round === index ? undefined : round - 1 - index });
    }
  }
});

test('has the next call throw, and so the process end, when the disk does not take what was seen', async () => {
  const store = await place.open();
  const data = path.join(place.dir, 'data.mdb');
  renameSync(data, `${data}.moved`);
  symlinkSync('/dev/null', data); // which cannot be synced
  store.record({ logins: [place.login('192.0.2.7')], progress: { source: 'log', checkpoint: {} } });
  const limit = Date.now() + 20_000;
  while (isSound(() => store.generation()) && Date.now() < limit) await new Promise(setImmediate);
  expect(() => store.generation()).toThrow('the store failed');
  expect(() => store.record({ logins: [] })).toThrow('the store failed');
});

test('tells of each failure of the disk, and waits for the last', async () => {
  let failures = 0;
  const sync = new LateSync('/dev/null', () => failures++);
  sync.begin();
  sync.begin();
  await sync.close();
  expect(failures).toBe(2);
});

/** Both meta pages. */
function headOf(data: string): Buffer {
  const fd = openSync(data, 'r');
  const head = Buffer.alloc(8);
  readSync(fd, head, 0, 8, 48);
  const pages = Buffer.alloc(2 * head.readUInt32LE());
  readSync(fd, pages, 0, pages.length, 0);
  closeSync(fd);
  return pages;
}

/** What is found at the next start where all of `data` but its head has gone to the disk. */
async function stateOf({ parent }: Place, data: string, head: Buffer) {
  const dir = path.join(parent, 'after');
  mkdirSync(dir, { recursive: true });
  copyFileSync(data, path.join(dir, 'data.mdb'));
  const fd = openSync(path.join(dir, 'data.mdb'), 'r+');
  writeSync(fd, head, 0, head.length, 0);
  closeSync(fd);
  const environment = new Environment(dir);
  const logins = new Logins(environment);
  const meta = new Meta(environment);
  const damage = environment.read(() => logins.findDamage());
  const round = environment.read(() => meta.checkpoint('log'))?.['round'];
  await environment.close();
  return { damage, round };
}

function isSound(call: () => unknown): boolean {
  try {
    call();
    return true;
  } catch {
    return false;
  }
}
