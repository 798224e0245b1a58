import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { Login } from '../../src/login/login.ts';
import { EndedSessions } from '../../src/store/sessions.ts';
import type { Store } from '../../src/store/store.ts';
import { addressOf, GRACE_MS, MAX_SESSION_MS, MINUTE_MS, permitted, Place, START } from './fixture.ts';

const HOUR_MS = 60 * MINUTE_MS;
const CHILD = path.join(import.meta.dirname, 'store-process.js');

let place: Place;

beforeEach(() => {
  place = new Place();
});
afterEach(() => place.remove());

function open(maxSessionMs = MAX_SESSION_MS): Promise<Store> {
  return place.open({ limits: { maxSessionMs } });
}

function logIn(store: Store, session: string, more: Partial<Login> = {}): void {
  store.record({ logins: [place.login('192.0.2.7', more.user, { session, ...more })] });
}

function logOut(store: Store, session: string, at = place.now): void {
  store.record({ logins: [], logouts: [{ session, at }] });
}

/** How long the address still may relay. */
function leftMs(store: Store): number | undefined {
  const entry = store.entry(addressOf('192.0.2.7'));
  return entry && entry.expiresAt - place.now;
}

test('DRAC and others, an IMAP session outlives the grace: permits while it is open, and for the grace from its logout on', async () => {
  const store = await open();
  logIn(store, 's1');
  expect(store.entry(addressOf('192.0.2.7'))?.logins[0]?.openSessions).toBe(1);
  place.now += 3 * HOUR_MS;
  expect(store.expire()).toEqual([]);
  logOut(store, 's1');
  expect(leftMs(store)).toBe(GRACE_MS);
  expect(store.nextExpiryAt()).toBe(place.now + GRACE_MS);
  expect(store.entry(addressOf('192.0.2.7'))?.logins[0]).not.toHaveProperty('openSessions');
  place.now += GRACE_MS;
  expect(permitted(store)).toEqual([]);
  expect(store.expire()).toHaveLength(1);
});

test('tells the sessions whose logout is to come', async () => {
  const store = await open();
  logIn(store, '');
  expect(store.openSessions()).toEqual([]);
  logIn(store, 's1');
  logIn(store, 's2', { user: 'bob' });
  logOut(store, 's1');
  expect(store.openSessions()).toEqual(['s2']);
  logOut(store, 's2');
  expect(store.openSessions()).toEqual([]);
});

test('a lost logout costs no more than the bound of a session', async () => {
  const store = await open();
  logIn(store, 's1');
  place.now += MAX_SESSION_MS - 1;
  expect(permitted(store)).toEqual(['192.0.2.7']);
  place.now += 1;
  expect(permitted(store)).toEqual([]);
  expect(store.expire()).toHaveLength(1);
  expect(store.size()).toBe(0);
});

test('permits until the last of several sessions has ended, also of those opened in one second', async () => {
  const store = await open();
  logIn(store, 's1');
  logIn(store, 's2');
  place.now += HOUR_MS;
  logOut(store, 's1');
  expect(leftMs(store)).toBe(MAX_SESSION_MS - HOUR_MS);
  logOut(store, 's2');
  expect(leftMs(store)).toBe(GRACE_MS);
  await store.close();
  expect(leftMs(await open())).toBe(GRACE_MS); // opened, its indexes agree
});

test('of two sessions, a lost logout counts until the bound of its own', async () => {
  const store = await open();
  logIn(store, 'lost');
  place.now += HOUR_MS;
  logIn(store, 's2');
  place.now += HOUR_MS;
  logOut(store, 's2');
  expect(leftMs(store)).toBe(MAX_SESSION_MS - 2 * HOUR_MS);
});

test('a logout of another session, user or address changes nothing for this one', async () => {
  const store = await open();
  logIn(store, 's1');
  store.record({ logins: [place.login('198.51.100.1', 'bob', { session: 's2' })] });
  place.now += HOUR_MS;
  logOut(store, 's2');
  logOut(store, 's3');
  expect(leftMs(store)).toBe(MAX_SESSION_MS - HOUR_MS);
  expect(store.entriesOfUser('bob')[0]?.expiresAt).toBe(place.now + GRACE_MS);
});

test('no logout lengthens what it ends, whenever it says it was', async () => {
  const store = await open();
  logIn(store, 's1');
  place.now += MAX_SESSION_MS - MINUTE_MS;
  logOut(store, 's1', place.now + HOUR_MS);
  expect(leftMs(store)).toBe(MINUTE_MS);
});

test('a logout that was read late counts from when it was', async () => {
  const store = await open();
  logIn(store, 's1');
  place.now += 2 * HOUR_MS;
  logOut(store, 's1', place.now - 10 * MINUTE_MS);
  expect(leftMs(store)).toBe(GRACE_MS - 10 * MINUTE_MS);
  logIn(store, 's2');
  place.now += 2 * HOUR_MS;
  logOut(store, 's2', place.now - HOUR_MS);
  expect(permitted(store)).toEqual([]);
});

test('a logout without a usable time ends the session as one of long ago', async () => {
  const store = await open();
  logIn(store, 's1');
  logOut(store, 's1', NaN);
  expect(leftMs(store)).toBe(GRACE_MS);
});

test.each(['before', 'beside'])('a session whose logout was logged %s its login is not open', async (when) => {
  const store = await open();
  const logouts = [{ session: 's1', at: place.now }];
  if (when === 'before') store.record({ logins: [], logouts });
  store.record({
    logins: [place.login('192.0.2.7', 'alice', { session: 's1' })],
    ...(when === 'beside' && { logouts }),
  });
  expect(leftMs(store)).toBe(GRACE_MS);
});

test('knows the last thousand sessions that have ended, and forgets what was long before', () => {
  const ended = new EndedSessions();
  for (let session = 0; session < 10_000; session++) {
    ended.add(`s${session}`, START + session);
    const oldest = Math.max(0, session - 999);
    expect(ended.has(`s${oldest}`, START + oldest)).toBe(true);
  }
  expect(ended.has('s9999', START + 10_000)).toBe(false);
  expect(ended.has('s7000', START)).toBe(false);
});

test('a log that is read again opens no session that has ended', async () => {
  const store = await open();
  const login = place.login('192.0.2.7', 'alice', { session: 's1' });
  place.now += MINUTE_MS;
  const logouts = [{ session: 's1', at: place.now }];
  store.record({ logins: [login], logouts });
  expect(store.record({ logins: [login] })).toEqual([{ kind: 'unchanged' }]);
  expect(leftMs(store)).toBe(GRACE_MS);
});

test('an id that comes again, as Courier makes it of address and port, is a new session', async () => {
  const store = await open();
  logIn(store, 'ip=[192.0.2.7], port=[5000]');
  logOut(store, 'ip=[192.0.2.7], port=[5000]');
  place.now += MINUTE_MS;
  logIn(store, 'ip=[192.0.2.7], port=[5000]');
  expect(leftMs(store)).toBe(MAX_SESSION_MS);
});

test('an id that comes again before its logout is one session', async () => {
  const store = await open();
  logIn(store, 's1');
  place.now += HOUR_MS;
  logIn(store, 's1');
  expect(store.entry(addressOf('192.0.2.7'))?.logins[0]?.openSessions).toBe(1);
  logOut(store, 's1');
  expect(leftMs(store)).toBe(GRACE_MS);
});

test('does not tell of a session as open whose bound has passed', async () => {
  const store = await open();
  logIn(store, 'lost');
  place.now += MAX_SESSION_MS - MINUTE_MS;
  logIn(store, 's2');
  place.now += MINUTE_MS;
  expect(store.entry(addressOf('192.0.2.7'))?.logins[0]?.openSessions).toBe(1);
});

test('knows of the sessions at once the newest twenty', async () => {
  const store = await open();
  for (let session = 0; session <= 20; session++) {
    logIn(store, `s${session}`);
    place.now += 1;
  }
  expect(store.entry(addressOf('192.0.2.7'))?.logins[0]?.openSessions).toBe(20);
  for (let session = 1; session <= 20; session++) logOut(store, `s${session}`);
  expect(leftMs(store)).toBe(GRACE_MS);
});

test('follows no session whose id is too long to be one', async () => {
  const store = await open();
  logIn(store, 'x'.repeat(4000));
  logOut(store, 'x'.repeat(4000));
  expect(leftMs(store)).toBe(GRACE_MS);
});

test('purges as expired no address whose session is open', async () => {
  const store = await open();
  logIn(store, 's1');
  place.now += GRACE_MS;
  expect(store.purgeable({ expired: true })).toEqual([]);
  expect(store.purge({ expired: true })).toEqual([]);
  expect(permitted(store)).toEqual(['192.0.2.7']);
});

test('pages hold a login for as long as its session is open', async () => {
  const store = await open();
  logIn(store, 's1');
  place.now += GRACE_MS;
  expect(store.page([], 10).logins).toMatchObject([{ user: 'alice', openSessions: 1 }]);
  logOut(store, 's1');
  expect(store.page([], 10).logins).toMatchObject([{ user: 'alice', expiresAt: place.now + GRACE_MS }]);
  place.now += GRACE_MS;
  expect(store.page([], 10).logins).toEqual([]);
});

test("an admin's grant outlasts the logout of a session beside it", async () => {
  const store = await open();
  const grant = { expiresAt: place.now + 2 * HOUR_MS, evidence: { by: 'admin', name: 'root' } as const };
  store.record({ logins: [place.login('192.0.2.7', 'alice', grant)] });
  logIn(store, 's1');
  logOut(store, 's1');
  expect(leftMs(store)).toBe(2 * HOUR_MS);
});

test('follows no session where that is switched off, and counts none that it followed before', async () => {
  const before = await open();
  logIn(before, 's1');
  await before.close();
  const store = await open(0);
  expect(leftMs(store)).toBe(GRACE_MS);
  logIn(store, 's2');
  place.now += MINUTE_MS;
  logOut(store, 's1');
  expect(leftMs(store)).toBe(GRACE_MS - MINUTE_MS);
  expect(store.nextExpiryAt()).toBe(place.now + GRACE_MS - MINUTE_MS);
});

test('switched off, a logout that it saw before counts no more either', async () => {
  const before = await open();
  logIn(before, 's1');
  place.now += GRACE_MS;
  logOut(before, 's1');
  expect(leftMs(before)).toBe(GRACE_MS);
  await before.close();
  expect(leftMs(await open(0))).toBeUndefined();
});

test('a bound that was made shorter holds for open sessions too, also for when they are due', async () => {
  const before = await open();
  logIn(before, 's1');
  place.now += GRACE_MS;
  before.expire(); // its place is now at the old bound
  await before.close();
  const store = await open(HOUR_MS);
  expect(leftMs(store)).toBe(HOUR_MS - GRACE_MS);
  store.expire();
  expect(store.nextExpiryAt()).toBe(place.now + HOUR_MS - GRACE_MS);
});

test('a clock that was set back lengthens no session', async () => {
  const store = await open();
  place.now += 24 * HOUR_MS;
  logIn(store, 's1');
  place.now -= 24 * HOUR_MS;
  expect(leftMs(store)).toBe(MAX_SESSION_MS);
  store.expire();
  place.now += MAX_SESSION_MS;
  expect(permitted(store)).toEqual([]);
});

test('a clock that was set back lengthens neither the later of two sessions nor what a logout left', async () => {
  const store = await open();
  logIn(store, 's1');
  place.now += HOUR_MS;
  logIn(store, 's2');
  place.now -= HOUR_MS;
  expect(leftMs(store)).toBe(MAX_SESSION_MS);
  place.now += HOUR_MS;
  logOut(store, 's1');
  logOut(store, 's2');
  place.now -= HOUR_MS;
  expect(leftMs(store)).toBe(GRACE_MS);
});

test('a purge takes the sessions with it', async () => {
  const store = await open();
  logIn(store, 's1');
  store.purge({ user: 'alice' });
  expect(permitted(store)).toEqual([]);
  logOut(store, 's1');
  expect(permitted(store)).toEqual([]);
});

test('ends a session that another process opened before it was killed', async () => {
  const child = spawnSync(process.execPath, [CHILD, 'open-session', place.dir, String(place.now), '192.0.2.7', 's1']);
  expect(child.signal).toBe('SIGKILL');
  place.now += HOUR_MS;
  const store = await open();
  expect(leftMs(store)).toBe(MAX_SESSION_MS - HOUR_MS);
  logOut(store, 's1');
  expect(leftMs(store)).toBe(GRACE_MS);
});

test('a login behind the logout of an earlier session of its id, in one batch, is open', async () => {
  const store = await open();
  const session = 'ip=[192.0.2.7], port=[5000]';
  const [first, endedAt] = [place.login('192.0.2.7', 'alice', { session }), place.now + MINUTE_MS];
  place.now += 2 * MINUTE_MS;
  const second = place.login('192.0.2.7', 'alice', { session });
  store.record({ logins: [first, second], logouts: [{ session, at: endedAt }] });
  expect(leftMs(store)).toBe(MAX_SESSION_MS);
});

test('old versions of Courier, an id that all behind an address share: follows fifty of its sessions, and no further one', async () => {
  const store = await open();
  const session = 'ip=[192.0.2.7]';
  const users = Array.from({ length: 51 }, (_, number) => `user${number}`);
  store.record({ logins: users.map((user) => place.login('192.0.2.7', user, { session })) });
  for (const user of users) store.record({ logins: [place.login('192.0.2.7', user, { session, at: place.now - 1 })] });
  place.now += GRACE_MS;
  expect(store.entry(addressOf('192.0.2.7'))?.logins.map(({ user }) => user)).toEqual(users.slice(0, 50).toSorted());
  logOut(store, session);
  place.now += GRACE_MS;
  expect(permitted(store)).toEqual([]);
  await store.close();
  await open(); // its indexes agree
});
