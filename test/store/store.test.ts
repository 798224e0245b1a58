import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { withPrefix } from '../../src/login/address.ts';
import { parseNetwork } from '../../src/login/network.ts';
import { addressOf, GRACE_MS, MINUTE_MS, permitted, Place, START } from './fixture.ts';

let place: Place;

beforeEach(() => {
  place = new Place();
});
afterEach(() => place.remove());

test('permits the address of a login until its grace is over, and not a millisecond longer', async () => {
  const store = await place.open();
  expect(store.record({ logins: [place.login('192.0.2.7')] })).toEqual([{ kind: 'granted' }]);
  place.now += GRACE_MS - 1;
  expect(permitted(store)).toEqual(['192.0.2.7']);
  expect(store.entry(addressOf('192.0.2.7'))?.logins).toHaveLength(1);
  place.now += 1;
  expect(permitted(store)).toEqual([]);
  expect(store.entry(addressOf('192.0.2.7'))).toBeUndefined();
  expect(store.entriesOfUser('alice')).toEqual([]);
  expect(store.snapshot().addresses).toEqual([]);
});

test('gives back of a login all that it was told', async () => {
  const login = place.login('2001:db8::7', 'bob@example.org', { session: 'x1', service: 'pop3' });
  const store = await place.open();
  store.record({ logins: [login] });
  expect([...store.entries()]).toEqual([{ address: login.address, expiresAt: login.expiresAt, logins: [login] }]);
});

test('keeps entries and checkpoint over a restart', async () => {
  const before = await place.open();
  before.record({ logins: [place.login('192.0.2.7')], progress: { source: 'file:/m', checkpoint: { offset: 42 } } });
  await before.close();
  const store = await place.open();
  expect(permitted(store)).toEqual(['192.0.2.7']);
  expect(store.checkpoint('file:/m')).toEqual({ offset: 42 });
  expect(store.checkpoint('journal')).toBeUndefined();
});

test('lengthens an entry with each newer login, never shortens it with an older one', async () => {
  const store = await place.open();
  store.record({ logins: [place.login('192.0.2.7')] });
  const generation = store.generation();
  place.now += MINUTE_MS;
  expect(store.record({ logins: [place.login('192.0.2.7')] })).toEqual([{ kind: 'refreshed' }]);
  const older = place.login('192.0.2.7', 'alice', { at: place.now - 5 * MINUTE_MS });
  expect(store.record({ logins: [older] })).toEqual([{ kind: 'unchanged' }]);
  expect(store.entry(addressOf('192.0.2.7'))?.expiresAt).toBe(place.now + GRACE_MS);
  expect(store.generation()).toBe(generation);
});

test('ends an entry when its refreshed grace is over, not its first', async () => {
  const store = await place.open();
  store.record({ logins: [place.login('192.0.2.7')] });
  place.now += MINUTE_MS;
  store.record({ logins: [place.login('192.0.2.7')] });
  place.now += GRACE_MS - MINUTE_MS;
  expect(store.nextExpiryAt()).toBe(place.now);
  expect(store.expire()).toEqual([]);
  expect(store.nextExpiryAt()).toBe(place.now + MINUTE_MS);
  place.now += MINUTE_MS;
  expect(store.expire().map(({ address }) => address)).toEqual(['192.0.2.7']);
  expect(store.nextExpiryAt()).toBeUndefined();
  expect(store.size()).toBe(0);
});

test('keeps a shared address until its last user is past, and lists the newest login first', async () => {
  const store = await place.open();
  store.record({ logins: [place.login('192.0.2.7', 'alice')] });
  place.now += MINUTE_MS;
  store.record({ logins: [place.login('192.0.2.7', 'bob')] });
  expect(store.entry(addressOf('192.0.2.7'))?.logins.map(({ user }) => user)).toEqual(['bob', 'alice']);
  place.now += GRACE_MS - MINUTE_MS;
  expect(store.expire()).toEqual([]);
  expect(store.entry(addressOf('192.0.2.7'))?.logins.map(({ user }) => user)).toEqual(['bob']);
});

test('purges by address, network and user', async () => {
  const store = await place.open();
  const users = { '192.0.2.7': 'alice', '192.0.2.8': 'bob', '198.51.100.1': 'alice', '2001:db8::1': 'carol' };
  store.record({ logins: Object.entries(users).map((each) => place.login(...each)) });
  store.record({ logins: [place.login('192.0.2.8', 'alice')] });

  expect(store.purge({ user: 'Alice' }).map(({ address }) => address)).toEqual([
    '192.0.2.7',
    '192.0.2.8',
    '198.51.100.1',
  ]);
  expect(permitted(store)).toEqual(['192.0.2.8', '2001:db8::1']);
  const network = parseNetwork('192.0.2.0/24');
  if (network === undefined) throw new Error('unreachable');
  expect(store.purge({ network }).map(({ user }) => user)).toEqual(['bob']);
  expect(store.purge({ address: addressOf('2001:db8::1') })).toHaveLength(1);
  expect(store.purge({ all: true })).toEqual([]);
  expect(permitted(store)).toEqual([]);
});

test('counts a generation for each change of the permitted set, and only then', async () => {
  const store = await place.open();
  const generations = [store.generation()];
  const noted = (act: () => unknown) => {
    act();
    generations.push(store.generation());
  };
  noted(() => store.record({ logins: [place.login('192.0.2.7')] })); // +1
  noted(() => store.record({ logins: [place.login('192.0.2.7', 'bob')] }));
  noted(() => store.purge({ user: 'bob' }));
  noted(() => store.purge({ user: 'nobody' }));
  noted(() => store.purge({ all: true })); // +1
  expect(generations.map((each) => each - (generations[0] ?? 0))).toEqual([0, 1, 1, 1, 1, 2]);
});

test('tells in which generation an address last went', async () => {
  const store = await place.open();
  const before = store.snapshot();
  store.record({ logins: [place.login('192.0.2.7'), place.login('192.0.2.8', 'bob')] });
  expect(store.snapshot().lastRemoval).toBe(before.lastRemoval);
  store.purge({ user: 'bob' });
  const after = store.snapshot();
  expect(after.lastRemoval).toBe(after.generation);
  store.record({ logins: [place.login('192.0.2.9')] });
  expect(store.snapshot()).toMatchObject({ lastRemoval: after.generation, generation: after.generation + 1 });
});

test('gives no two different sets under one generation, though nobody called expire between', async () => {
  const store = await place.open();
  store.record({ logins: [place.login('192.0.2.7'), place.login('192.0.2.8', 'bob', { at: place.now - MINUTE_MS })] });
  const before = store.snapshot();
  place.now += GRACE_MS - MINUTE_MS;
  const after = store.snapshot();
  expect([before.addresses, after.addresses]).toEqual([['192.0.2.7', '192.0.2.8'], ['192.0.2.7']]);
  expect(after.generation).toBeGreaterThan(before.generation);
  expect(after.lastRemoval).toBe(after.generation);
});

test('refuses a user a further address when the cap is reached, and takes him where he already is', async () => {
  const store = await place.open({ limits: { maxAddressesPerUser: 2 } });
  const logins = ['192.0.2.1', '192.0.2.2', '192.0.2.3'].map((address) => place.login(address, 'alice'));
  expect(store.record({ logins })).toEqual([
    { kind: 'granted' },
    { kind: 'granted' },
    { kind: 'refused', cap: 'max_addresses_per_user' },
  ]);
  place.now += MINUTE_MS;
  expect(store.record({ logins: [place.login('192.0.2.1', 'ALICE')] })).toEqual([{ kind: 'refreshed' }]);
  expect(store.record({ logins: [place.login('192.0.2.3', 'Alice')] })).toEqual([
    { kind: 'refused', cap: 'max_addresses_per_user' },
  ]);
  place.now += GRACE_MS - MINUTE_MS; // 192.0.2.2 is past
  expect(store.record({ logins: [place.login('192.0.2.3', 'alice')] })).toEqual([{ kind: 'granted' }]);
});

test('DRAC and others, NAT and the next holder of an address: refuses further users at one when that cap is set', async () => {
  const store = await place.open({ limits: { maxUsersPerAddress: 1 } });
  const logins = ['alice', 'bob'].map((user) => place.login('192.0.2.1', user));
  expect(store.record({ logins })).toEqual([{ kind: 'granted' }, { kind: 'refused', cap: 'max_users_per_address' }]);
});

test('refuses further entries when the store is full, and counts only live ones', async () => {
  const store = await place.open({ limits: { maxEntries: 2 } });
  const logins = ['192.0.2.1', '192.0.2.2', '192.0.2.3'].map((address, index) => place.login(address, `user${index}`));
  expect(store.record({ logins })).toEqual([
    { kind: 'granted' },
    { kind: 'granted' },
    { kind: 'refused', cap: 'max_entries' },
  ]);
  expect(store.record({ logins: [place.login('192.0.2.1', 'another')] })).toEqual([{ kind: 'granted' }]);
  place.now += GRACE_MS;
  expect(store.record({ logins: [place.login('192.0.2.3')] })).toEqual([{ kind: 'granted' }]);
});

test('lets an admin grant past the caps of users and addresses', async () => {
  const store = await place.open({ limits: { maxAddressesPerUser: 1 } });
  const evidence = { by: 'admin', name: 'root' } as const;
  store.record({ logins: [place.login('192.0.2.1')] });
  expect(store.record({ logins: [place.login('192.0.2.2', 'alice', { evidence })] })).toEqual([{ kind: 'granted' }]);
});

test('lets nothing outlive the grace from now when the clock is set back', async () => {
  const store = await place.open();
  store.record({ logins: [place.login('192.0.2.7')] });
  place.now -= 6 * 60 * MINUTE_MS;
  expect(store.entry(addressOf('192.0.2.7'))?.expiresAt).toBe(place.now + GRACE_MS);
  store.expire();
  place.now += GRACE_MS;
  expect(permitted(store)).toEqual([]);
});

test('a clock that began in 1970 and then jumps to now permits nobody who was permitted meanwhile, until he logs in', async () => {
  const store = await place.open();
  store.record({ logins: [place.login('192.0.2.7')] });
  place.now = Date.UTC(1970, 0, 1, 0, 1);
  store.expire();
  store.record({ logins: [place.login('192.0.2.8', 'bob')] });
  expect(permitted(store)).toEqual(['192.0.2.7', '192.0.2.8']);
  const { generation } = store.setState();
  place.now = START + MINUTE_MS;
  expect({ entries: permitted(store), map: store.snapshot().addresses }).toEqual({ entries: [], map: [] });
  store.expire();
  expect(store.setState()).toMatchObject({ size: 0, lastRemoval: generation + 1 });
  expect(store.record({ logins: [place.login('192.0.2.8', 'bob')] })).toEqual([{ kind: 'granted' }]);
  expect(store.entry(addressOf('192.0.2.8'))?.expiresAt).toBe(place.now + GRACE_MS);
});

test('shortens what is there when the grace gets shorter', async () => {
  const before = await place.open();
  before.record({ logins: [place.login('192.0.2.7')] });
  await before.close();
  const store = await place.open({ limits: { graceMs: MINUTE_MS } });
  expect(store.entry(addressOf('192.0.2.7'))?.expiresAt).toBe(place.now + MINUTE_MS);
  store.expire();
  expect(store.nextExpiryAt()).toBe(place.now + MINUTE_MS);
});

test('a map has nobody whose time is up by a grace that has got shorter, or by a clock that was set back', async () => {
  const before = await place.open();
  before.record({
    logins: [place.login('192.0.2.7'), place.login('192.0.2.8', 'bob', { at: place.now - 2 * MINUTE_MS })],
  });
  expect(before.snapshot().addresses).toEqual(['192.0.2.7', '192.0.2.8']);
  const store = await place.open({ limits: { graceMs: 2 * MINUTE_MS } });
  expect(store.snapshot().addresses).toEqual(['192.0.2.7']);
  place.now -= GRACE_MS;
  expect(store.snapshot().addresses).toEqual(['192.0.2.7']);
  place.now += 2 * MINUTE_MS;
  expect(store.snapshot().addresses).toEqual([]);
  expect(before.snapshot().addresses).toEqual([]);
});

test('finds the entry of a network by any of its addresses, and purges it so', async () => {
  const store = await place.open();
  const network = withPrefix(addressOf('2001:db8:1:2::1'), 64);
  store.record({ logins: [place.login('192.0.2.1', 'alice', { address: network })] });
  expect(store.entry(addressOf('2001:db8:1:2::99'))?.address).toBe(network);
  expect(store.entry(addressOf('2001:db8:1:3::99'))).toBeUndefined();
  expect(store.purge({ address: addressOf('2001:db8:1:2::99') })).toHaveLength(1);
});
