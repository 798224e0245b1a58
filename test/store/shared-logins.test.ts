/** What the cluster tells of logins that other nodes saw, or of this one's own. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { Store } from '../../src/store/store.ts';
import { userMark, type TombstoneSet } from '../../src/store/tombstones.ts';
import { addressOf, GRACE_MS, MAX_SESSION_MS, MINUTE_MS, permitted, Place } from './fixture.ts';

let place: Place;
let store: Store;

beforeEach(async () => {
  place = new Place();
  store = await place.open({ limits: { maxSessionMs: MAX_SESSION_MS } });
});
afterEach(() => place.remove());

const kinds = (): string[] => store.events().events.map(({ kind }) => kind);

test('what another node saw permits here, and is told to nobody again', () => {
  const shared: string[] = [];
  store.shareWith((logins) => shared.push(...logins.map(({ user }) => user)));
  const login = place.login('198.51.100.7', 'alice', { node: 'pop1' });
  expect(store.recordShared(() => [login])).toEqual([login]);
  expect(permitted(store)).toEqual(['198.51.100.7']);
  expect(shared).toEqual([]);
});

test('a grant that comes back by another clock, a moment longer, is no second event', () => {
  const evidence = { by: 'admin', name: 'root' } as const;
  const grant = place.login('198.51.100.7', 'alice', { evidence });
  store.record({ logins: [grant] });
  place.now += 20;
  expect(store.recordShared(() => [{ ...grant, expiresAt: grant.expiresAt + 2 }])).toEqual([]);
  expect(kinds()).toEqual(['granted']);
  expect(store.login(grant.address, 'alice')).toEqual(grant);
});

test('what permits for clearly longer refreshes', () => {
  store.recordShared(() => [place.login('198.51.100.7', 'alice', { node: 'pop1' })]);
  place.now += MINUTE_MS;
  expect(store.recordShared(() => [place.login('198.51.100.7', 'alice', { node: 'pop2' })])).toEqual([]);
  expect(store.login(addressOf('198.51.100.7'), 'alice')).toMatchObject({ node: 'pop2', at: place.now });
});

test('the last login stays what it was when what was told of its open session comes back', () => {
  const login = place.login('198.51.100.7', 'alice', { session: 'x1' });
  store.record({ logins: [login] });
  place.now += GRACE_MS;
  store.recordShared(() => [place.login('198.51.100.7', 'alice', { node: 'pop1' })]);
  const known = store.login(login.address, 'alice');
  expect(known).toMatchObject({ at: login.at, openSessions: 1 });
  expect(known?.node).toBeUndefined();
});

test('whoever decides what is let in sees the purge that another process made right before', async () => {
  const login = place.login('198.51.100.7', 'alice', { node: 'pop1' });
  const command = await place.open();
  command.bury([{ mark: userMark('alice'), at: place.now }], 'root');
  const notBuried = (tombstones: TombstoneSet) => (tombstones.covers(login) ? [] : [login]);
  expect(store.recordShared(notBuried)).toEqual([]);
  expect(permitted(store)).toEqual([]);
});

test('a session that another node has open counts from when it was told, and leaves the last login what it was', async () => {
  const at = place.now - 10 * GRACE_MS;
  const login = place.login('198.51.100.7', 'alice', {
    at,
    openAt: place.now,
    node: 'pop1',
    expiresAt: place.now + GRACE_MS,
  });
  store.recordShared(() => [login]);
  const again = await place.open(); // what is on the disk
  expect(again.login(login.address, 'alice')).toEqual(login);
  place.now += GRACE_MS - 1;
  expect(permitted(store)).toEqual(['198.51.100.7']);
  place.now += 1;
  expect(permitted(store)).toEqual([]);
});

test('no word of an open session permits for longer than the grace from now, whatever it says', () => {
  const [at, openAt] = [place.now - MINUTE_MS, place.now + 10 * GRACE_MS];
  store.recordShared(() => [
    place.login('198.51.100.7', 'alice', { at, openAt, node: 'pop1', expiresAt: openAt + GRACE_MS }),
  ]);
  place.now += GRACE_MS;
  expect(permitted(store)).toEqual([]);
});

test('a purge from before a session was told, but after its login, takes it', () => {
  const at = place.now - GRACE_MS;
  store.recordShared(() => [
    place.login('198.51.100.7', 'alice', { at, openAt: place.now, node: 'pop1', expiresAt: place.now + GRACE_MS }),
  ]);
  store.bury([{ mark: userMark('alice'), at: at + MINUTE_MS }], 'the cluster');
  expect(permitted(store)).toEqual([]);
});
