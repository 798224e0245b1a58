import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { parseNetwork } from '../../src/login/network.ts';
import type { Store } from '../../src/store/store.ts';
import { addressMark, EVERYTHING, networkMark, userMark } from '../../src/store/tombstones.ts';
import { addressOf, GRACE_MS, MINUTE_MS, permitted, Place } from './fixture.ts';

let place: Place;
let store: Store;

beforeEach(async () => {
  place = new Place();
  store = await place.open();
});
afterEach(() => place.remove());

function network(text: string): string {
  const parsed = parseNetwork(text);
  if (parsed === undefined) throw new Error(text);
  return networkMark(parsed);
}

test.each([
  ['everything', EVERYTHING, []],
  ['a user, however he is spelt', userMark('ALICE'), ['198.51.100.8', '2001:db8::8']],
  ['an address', addressMark(addressOf('198.51.100.7')), ['198.51.100.8', '2001:db8::7', '2001:db8::8']],
  ['an IPv4 network', network('198.51.100.0/29'), ['198.51.100.8', '2001:db8::7', '2001:db8::8']],
  [
    'a network that is no multiple of a nibble',
    network('198.51.100.6/31'),
    ['198.51.100.8', '2001:db8::7', '2001:db8::8'],
  ],
  ['all of IPv6', network('::/0'), ['198.51.100.7', '198.51.100.8']],
])('a purge of %s takes what is there and beats what is told later', (_, mark, left) => {
  const logins = [
    place.login('198.51.100.7', 'alice'),
    place.login('198.51.100.8', 'bob'),
    place.login('2001:db8::7', 'alice'),
    place.login('2001:db8::8', 'bob'),
  ];
  store.record({ logins });
  place.now += MINUTE_MS;
  store.bury([{ mark, at: place.now }], 'root');
  expect(permitted(store)).toEqual(left);
  store.record({ logins });
  expect(permitted(store)).toEqual(left);
});

test('a login after the purge counts', () => {
  store.bury([{ mark: userMark('alice'), at: place.now }], 'root');
  place.now += 1;
  store.record({ logins: [place.login('198.51.100.7')] });
  expect(permitted(store)).toEqual(['198.51.100.7']);
});

test('an older purge that is told later takes nothing that came after it', () => {
  place.now += MINUTE_MS;
  store.record({ logins: [place.login('198.51.100.7')] });
  expect(store.bury([{ mark: EVERYTHING, at: place.now - 1 }], 'root')).toEqual([]);
  expect(permitted(store)).toEqual(['198.51.100.7']);
});

test('an older purge that is told later gives nothing back that a newer one took', () => {
  const login = place.login('198.51.100.7', 'alice', { at: place.now + MINUTE_MS });
  place.now += 2 * MINUTE_MS;
  store.bury([{ mark: userMark('alice'), at: place.now }], 'root');
  store.bury([{ mark: userMark('alice'), at: place.now - 2 * MINUTE_MS }], 'root');
  store.record({ logins: [login] });
  expect(permitted(store)).toEqual([]);
});

test('a further purge lets nothing in that an earlier one took', () => {
  const login = place.login('198.51.100.7');
  store.bury([{ mark: userMark('alice'), at: place.now }], 'root');
  place.now += MINUTE_MS;
  store.bury([{ mark: userMark('bob'), at: place.now }], 'root');
  store.record({ logins: [login] });
  expect(permitted(store)).toEqual([]);
});

test('keeps no purge of long ago that somebody tells', () => {
  store.bury([{ mark: userMark('alice'), at: place.now - 30 * 60 * MINUTE_MS }], 'root');
  expect([...store.tombstones()]).toEqual([]);
});

test('a purge of an address takes the entry of its network too', () => {
  const address = { ...place.login('2001:db8::'), address: `${addressOf('2001:db8::')}/64` } as ReturnType<
    Place['login']
  >;
  store.record({ logins: [address] });
  store.bury([{ mark: addressMark(addressOf('2001:db8::7')), at: place.now }], 'root');
  expect(permitted(store)).toEqual([]);
});

test('a purge lies never ahead of the clock, so it locks nobody out for longer', () => {
  store.bury([{ mark: EVERYTHING, at: place.now + GRACE_MS }], 'root');
  place.now += 1;
  store.record({ logins: [place.login('198.51.100.7')] });
  expect(permitted(store)).toEqual(['198.51.100.7']);
});

test('a purge made while the clock was ahead locks nobody out when it is right again', () => {
  const [right, ahead] = [place.now, place.now + 60 * MINUTE_MS];
  place.now = ahead;
  store.bury([{ mark: userMark('alice'), at: ahead }], 'root');
  place.now = right;
  store.expire();
  expect([...store.tombstones()]).toEqual([{ mark: userMark('alice'), at: right }]);
  place.now += 1;
  expect(store.record({ logins: [place.login('198.51.100.7')] })).toEqual([{ kind: 'granted' }]);
});

test('a clock that was set back makes no purge from before it younger', () => {
  const purgedAt = place.now;
  store.bury([{ mark: userMark('alice'), at: purgedAt }], 'root');
  place.now += 60 * MINUTE_MS;
  store.bury([{ mark: userMark('bob'), at: place.now }], 'root');
  place.now -= 50 * MINUTE_MS;
  expect(store.record({ logins: [place.login('198.51.100.7', 'alice', { at: purgedAt + 1 })] })).toEqual([
    { kind: 'granted' },
  ]);
});

test('notices at the next change that the clock was ahead when a purge found nothing', () => {
  place.now += 60 * MINUTE_MS;
  store.bury([{ mark: userMark('alice'), at: place.now }], 'root');
  place.now -= 60 * MINUTE_MS;
  store.purge({ expired: true });
  place.now += 1;
  expect(store.record({ logins: [place.login('198.51.100.7')] })).toEqual([{ kind: 'granted' }]);
});

test('forgets a purge that no login can be older than', () => {
  store.bury([{ mark: EVERYTHING, at: place.now }], 'root');
  place.now += 30 * 60 * MINUTE_MS;
  store.bury([{ mark: userMark('bob'), at: place.now }], 'root');
  expect([...store.tombstones()]).toEqual([{ mark: userMark('bob'), at: place.now }]);
});

test("another node's login was held to that node's caps, so that all agree", () => {
  const logins = Array.from({ length: 12 }, (_, n) => place.login(`198.51.100.${n}`, 'alice', { node: 'pop2' }));
  expect(store.record({ logins }).every(({ kind }) => kind === 'granted')).toBe(true);
  expect(store.record({ logins: [place.login('203.0.113.1')] })).toEqual([
    { kind: 'refused', cap: 'max_addresses_per_user' },
  ]);
});

test('remembers which node saw a login, and ends what others saw alone', () => {
  store.record({ logins: [place.login('198.51.100.7', 'alice', { node: 'pop2' }), place.login('198.51.100.8')] });
  expect(store.entry(addressOf('198.51.100.7'))?.logins[0]?.node).toBe('pop2');
  expect(store.purge({ remote: true }).map(({ address }) => address)).toEqual(['198.51.100.7']);
  expect(permitted(store)).toEqual(['198.51.100.8']);
});

test('a store that is shared keeps a tombstone for each login that was purged', () => {
  store.shareWith(() => undefined);
  const login = place.login('198.51.100.7');
  store.record({ logins: [login] });
  store.purge({ address: login.address });
  expect([...store.tombstones()]).toEqual([{ mark: 'm198.51.100.7 alice', at: place.now }]);
  expect(store.record({ logins: [login] })).toEqual([{ kind: 'unchanged' }]);
});

test('tells whom it is shared with of each login that was kept, and of no other', () => {
  const told: string[] = [];
  store.shareWith((logins) => told.push(...logins.map(({ user }) => user)));
  store.record({ logins: [place.login('198.51.100.7', 'alice'), place.login('198.51.100.7', 'alice')] });
  store.record({ logins: [place.login('198.51.100.7', 'bob', { at: place.now - GRACE_MS })] });
  expect(told).toEqual(['alice']);
});

test('tells them before they are on the disk, so that the others do not wait for it', () => {
  const login = place.login('198.51.100.7');
  store.shareWith(() => {
    throw new Error('told');
  });
  expect(() => store.record({ logins: [login] })).toThrow('told');
  expect(store.entry(login.address)).toBeUndefined();
});

test('reads its logins in pages, all of them once', () => {
  store.record({ logins: Array.from({ length: 25 }, (_, n) => place.login(`198.51.100.${n}`, `user${n}`)) });
  const addresses: string[] = [];
  let start: ReturnType<Store['page']>['next'] = [];
  while (start !== undefined) {
    const page = store.page(start, 7);
    expect(page.logins.length).toBeLessThanOrEqual(7);
    addresses.push(...page.logins.map(({ address }) => address));
    start = page.next;
  }
  expect(addresses).toEqual(permitted(store));
});
