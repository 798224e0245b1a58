/** What is kept beside the logins must agree with them: the probe at a start says where it does not. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { Environment, type Key } from '../../src/store/lmdb.ts';
import { sealed } from '../../src/store/seal.ts';
import { GRACE_MS, Place, START } from './fixture.ts';

let place: Place;

beforeEach(async () => {
  place = new Place();
  const store = await place.open({ limits: { maxSessionMs: 2 * GRACE_MS } });
  store.record({ logins: [place.login('192.0.2.7', 'Alice', { session: 's1' }), place.login('192.0.2.8', 'alice')] });
  await store.close();
});
afterEach(() => place.remove());

const TIMES = /the logins are not those of the time index/;
const SESSIONS = /the open sessions are not those of the session index/;
const USERS = /the logins are not as many for each user as were counted/;
const ADDRESSES = /the logins are not as many for each address as were counted/;
const PLACE: Key = [START + 2 * GRACE_MS, '192.0.2.7', 'alice'];

test.each<[string, string, Key, Buffer | undefined, RegExp]>([
  ['a login', 'logins', ['192.0.2.8', 'alice'], Buffer.from('x'), /the record of 192\.0\.2\.8 alice is damaged/],
  ['its place in the time index', 'by-time', PLACE, undefined, TIMES],
  ['the seal of its place', 'by-time', PLACE, Buffer.from('seal'), TIMES],
  ['its session', 'by-session', ['s1'], undefined, SESSIONS],
  ['the count of its user', 'users', ['alice'], undefined, USERS],
  ['the count of its address', 'addresses', ['192.0.2.7'], undefined, ADDRESSES],
])('a start finds that %s is damaged or gone', async (_, table, key, value, reason) => {
  await change(table, key, value);
  await expect(place.open()).rejects.toThrow(reason);
});

test.each<[string, string, Key, string, RegExp]>([
  ['a place of no login', 'by-time', [START, '192.0.2.9', 'bob'], '', TIMES],
  ['another place of a login', 'by-time', [START, '192.0.2.7', 'alice'], '', TIMES],
  ['a session of no login', 'by-session', ['s2'], '[["192.0.2.9","bob"]]', SESSIONS],
  ['a session of another login', 'by-session', ['s1'], '[["192.0.2.8","alice"]]', SESSIONS],
  ['another count of a user', 'users', ['alice'], '1', USERS],
  ['the count of no user', 'users', ['bob'], '1', USERS],
])('a start finds %s', async (_, table, key, text, reason) => {
  await change(table, key, sealed(key, text));
  await expect(place.open()).rejects.toThrow(reason);
});

test('a place whose seal does not fit leads to no login', async () => {
  const store = await place.open();
  await change('by-time', [START + GRACE_MS, '192.0.2.8', 'alice'], Buffer.from('seal'));
  expect(store.entriesOfUser('alice').map(({ address }) => address)).toEqual(['192.0.2.7']);
});

async function change(name: string, key: Key, value: Buffer | undefined): Promise<void> {
  const environment = new Environment(place.dir);
  const table = environment.table(name);
  environment.write(() => (value === undefined ? table.remove(key) : table.put(key, value)));
  await environment.close();
}
