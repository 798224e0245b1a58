import { afterEach, beforeEach, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { withPrefix } from '../../src/login/address.ts';
import { parseNetwork } from '../../src/login/network.ts';
import { Environment } from '../../src/store/lmdb.ts';
import type { Store } from '../../src/store/store.ts';
import {
  addressMark,
  EVERYTHING,
  loginMark,
  networkMark,
  TombstoneSet,
  Tombstones,
  userMark,
  type Tombstone,
} from '../../src/store/tombstones.ts';
import { tempDir } from '../temp-dir.ts';
import { addressOf, loginOf, Place, START } from './fixture.ts';

const addresses = ['192.0.2.1', '192.0.2.129', '198.51.100.7', '2001:db8::1', '2001:db8::ffff', '2001:db8:0:1::1'];
const login = fc
  .record({
    address: fc.constantFrom(...addresses),
    user: fc.constantFrom('alice', 'bob'),
    prefix: fc.constantFrom(64 as const, 128 as const),
  })
  .map(({ address, user, prefix }) => {
    return { ...loginOf(address, START, user), address: withPrefix(addressOf(address), prefix) };
  });
const network = fc
  .record({ address: fc.constantFrom(...addresses), prefix: fc.integer({ min: 0, max: 128 }) })
  .map(({ address, prefix }) => parseNetwork(`${address}/${address.includes(':') ? prefix : prefix % 33}`))
  .map((parsed) => (parsed === undefined ? EVERYTHING : networkMark(parsed)));
const mark = fc.oneof(
  network,
  login.map(loginMark),
  login.map(({ address }) => addressMark(address)),
  fc.constantFrom(EVERYTHING, userMark('Alice'), userMark('bob')),
);
const tombstones = fc.array(fc.record({ mark, at: fc.integer({ min: START - 2, max: START + 2 }) }), { maxLength: 20 });

test('a set of purges finds those of a login as if it looked at each', () => {
  fc.assert(
    fc.property(tombstones, login, (purges, one) => {
      const last = new Map(purges.map(({ mark: each, at }) => [each, at]));
      const own = addressMark(one.address);
      const isOfIt = (each: string) =>
        [EVERYTHING, userMark(one.user), loginMark(one)].includes(each) ||
        (each.startsWith('n') && (own.startsWith(each) || each.startsWith(own)));
      const expected = [...last].filter(([each]) => isOfIt(each)).map(([each, at]) => ({ mark: each, at }));
      const set = new TombstoneSet(purges);
      const sort = (list: typeof expected) => list.toSorted((a, b) => (a.mark < b.mark ? -1 : 1));
      expect(sort(set.of(one))).toEqual(sort(expected));
      expect(set.covers(one)).toBe(expected.some(({ at }) => one.at <= at));
    }),
  );
});

let place: Place;
let store: Store;

beforeEach(async () => {
  place = new Place();
  store = await place.open();
});
afterEach(() => place.remove());

test('each process sees the purges of the others, however often it has looked before', async () => {
  const command = await place.open();
  for (const user of ['alice', 'bob']) {
    const one = place.login('198.51.100.7', user);
    expect(store.record({ logins: [one] })).toEqual([{ kind: 'granted' }]);
    command.bury([{ mark: userMark(user), at: place.now }], 'root');
    expect(store.record({ logins: [one] })).toEqual([{ kind: 'unchanged' }]);
  }
});

function purgeOf(user: string): Tombstone {
  return { mark: userMark(user), at: START };
}

test('a purge whose transaction came to nothing is not remembered', async () => {
  const environment = new Environment(tempDir());
  const kept = new Tombstones(environment);
  environment.write(() => kept.raise([purgeOf('alice')], START));
  const failing = () => {
    environment.write(() => {
      kept.raise([purgeOf('bob')], START);
      throw new Error('the disk is full');
    });
  };
  expect(failing).toThrow('the disk is full');
  expect([...environment.read(() => kept.all())]).toEqual([purgeOf('alice')]);
  expect(failing).toThrow('the disk is full');
  environment.write(() => new Tombstones(environment).raise([purgeOf('carol')], START)); // as another process
  expect([...environment.read(() => kept.all())]).toEqual([purgeOf('alice'), purgeOf('carol')]);
  await environment.close();
});
