import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { EVENTS_A_KIND, type TrailEvent } from '../../src/store/trail.ts';
import { addressOf, GRACE_MS, MINUTE_MS, Place, START } from './fixture.ts';

let place: Place;
beforeEach(() => {
  place = new Place();
});
afterEach(() => place.remove());

function told({ kind, address, user, by, reason }: TrailEvent): string {
  return [kind, address, user, by, reason].filter((part) => part !== undefined).join(' ');
}

function users(events: readonly TrailEvent[]): string[] {
  return events.map(({ user }) => user);
}

function refusal(user: string): TrailEvent {
  return { kind: 'refused', at: place.now, address: '203.0.113.5', user, service: 'imap', reason: 'never-network' };
}

test('tells what happened to whom, in its order, and who did it', async () => {
  const store = await place.open({ limits: { maxAddressesPerUser: 1 } });
  store.record({ logins: [place.login('192.0.2.1')] });
  store.record({ logins: [place.login('192.0.2.2')], refused: [refusal('bob')] });
  place.now += MINUTE_MS;
  store.record({ logins: [place.login('192.0.2.3', '-', { evidence: { by: 'admin', name: 'root' } })] });
  place.now += MINUTE_MS;
  store.purge({ address: addressOf('192.0.2.3') }, 'carol');
  place.now += GRACE_MS;
  store.expire();
  const { events } = store.events();
  expect(events.map(told)).toEqual([
    'refused 203.0.113.5 bob never-network',
    'refused 192.0.2.2 alice max_addresses_per_user',
    'granted 192.0.2.1 alice',
    'granted 192.0.2.3 - root',
    'purged 192.0.2.3 - carol',
    'expired 192.0.2.1 alice',
  ]);
  expect(events[2]).toMatchObject({ at: START, service: 'imap', expiresAt: START + GRACE_MS });
});

test('tells one refresh in ten minutes of a client that comes again and again', async () => {
  const store = await place.open();
  for (let minute = 0; minute < 30; minute++) {
    store.record({ logins: [place.login('192.0.2.1')] });
    place.now += MINUTE_MS;
  }
  expect(store.events().events.map(({ kind, at }) => [kind, (at - START) / MINUTE_MS])).toEqual([
    ['granted', 0],
    ['refreshed', 10],
    ['refreshed', 20],
  ]);
});

test('tells a refusal that repeats once in ten minutes', async () => {
  const store = await place.open();
  for (let minute = 0; minute <= 10; minute++) {
    store.record({ logins: [], refused: [refusal('bob'), refusal('carol')] });
    place.now += MINUTE_MS;
  }
  expect(store.events().events.map(({ user, at }) => [user, (at - START) / MINUTE_MS])).toEqual([
    ['bob', 0],
    ['carol', 0],
    ['bob', 10],
    ['carol', 10],
  ]);
});

test('keeps the last events of each kind, whatever a flood of another brings', async () => {
  const store = await place.open();
  store.record({ logins: [place.login('192.0.2.1')] });
  const flood = Array.from({ length: 3 * EVENTS_A_KIND }, (_, index) => refusal(`user${index}`));
  store.record({ logins: [], refused: flood });
  store.record({ logins: [], refused: [refusal('last')] });
  const { events } = store.events();
  expect(events[0]).toMatchObject({ kind: 'refused', user: `user${2 * EVENTS_A_KIND + 1}` });
  expect(events.at(-2)).toMatchObject({ kind: 'refused', user: 'last' });
  expect(events.at(-1)).toMatchObject({ kind: 'granted', user: 'alice' });
  expect(events).toHaveLength(EVENTS_A_KIND + 1);
});

test('goes on after what was read, and begins where one asks', async () => {
  const store = await place.open();
  store.record({ logins: [place.login('192.0.2.1')] });
  const { position } = store.events();
  place.now += MINUTE_MS;
  expect(store.events({ after: position }).events).toEqual([]);
  store.record({ logins: [place.login('192.0.2.2')] });
  expect(store.events({ after: position }).events.map(told)).toEqual(['granted 192.0.2.2 alice']);
  expect(store.events({ since: START + 1 }).events.map(told)).toEqual(['granted 192.0.2.2 alice']);
});

test('tells all that one change did, and goes on after it', async () => {
  const store = await place.open();
  const flood = Array.from({ length: 250 }, (_, index) => refusal(`user${index}`));
  store.record({ logins: [], refused: flood.slice(0, 130) });
  const { position } = store.events();
  store.record({ logins: [], refused: flood.slice(130) });
  expect(users(store.events({ after: position }).events)).toEqual(users(flood.slice(130)));
  expect(users(store.events({ after: new Map([['refused', 120]]) }).events)).toEqual(users(flood.slice(120)));
  expect(users(store.events().events)).toEqual(users(flood));
});

test('has no event of a change that was not committed', async () => {
  const store = await place.open();
  const unstorable = { loop: {} };
  unstorable.loop = unstorable;
  const progress = { source: 'stdin', checkpoint: unstorable };
  expect(() => store.record({ logins: [place.login('192.0.2.1')], progress })).toThrow('circular');
  expect(store.events().events).toEqual([]);
});

test('keeps of a client’s text no more than a line’s worth', async () => {
  const store = await place.open();
  store.record({ logins: [], refused: [refusal('x'.repeat(5000))] });
  expect(store.events().events[0]?.user).toHaveLength(255);
});
