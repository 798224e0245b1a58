/** A batch is one transaction that writes each login once; what it leaves must be what a transaction a line leaves. */
import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import type { Login, Logout } from '../../src/login/login.ts';
import type { Outcome } from '../../src/store/outcome.ts';
import type { Store } from '../../src/store/store.ts';
import { GRACE_MS, LIMITS, loginOf, MINUTE_MS, Place } from './fixture.ts';

const CAPS = { ...LIMITS, maxSessionMs: 2 * GRACE_MS, maxAddressesPerUser: 2, maxUsersPerAddress: 2, maxEntries: 4 };
const SESSIONS = ['s1', 's2', 's3'];

const ageMs = fc.integer({ min: -MINUTE_MS, max: GRACE_MS + MINUTE_MS });
const login = fc.record({
  address: fc.constantFrom('192.0.2.1', '192.0.2.2', '192.0.2.3', '198.51.100.1', '2001:db8::1'),
  user: fc.constantFrom('alice', 'Alice', 'bob', 'carol'),
  ageMs,
  session: fc.constantFrom(undefined, ...SESSIONS),
});
const logout = fc.record({ session: fc.constantFrom(...SESSIONS), ageMs });
const batch = fc.record({
  logins: fc.array(login, { minLength: 1, maxLength: 25, size: 'max' }),
  logouts: fc.array(logout, { maxLength: 10, size: 'max' }),
  /** How long after the one before. */
  afterMs: fc.integer({ min: -GRACE_MS, max: GRACE_MS }),
});
const batches = fc.array(batch, { minLength: 1, maxLength: 6, size: 'max' });

test('keeps of a batch what it keeps of its lines one by one', async () => {
  await fc.assert(
    fc.asyncProperty(batches, async (each) => {
      const places = [new Place(), new Place()] as const;
      try {
        const [whole, single] = [await places[0].open({ limits: CAPS }), await places[1].open({ limits: CAPS })];
        for (const { logins, logouts, afterMs } of each) {
          for (const place of places) place.now += afterMs;
          const now = places[0].now;
          const claims = logins.map((one): Login => ({
            ...loginOf(one.address, now - one.ageMs, one.user),
            session: one.session,
          }));
          const ends = logouts.map((one): Logout => ({ session: one.session, at: now - one.ageMs }));
          expect(whole.record({ logins: claims, logouts: ends })).toEqual(recordOneByOne(single, claims, ends));
          expect(contentsOf(whole)).toEqual(contentsOf(single));
        }
        await whole.close();
        await places[0].open({ limits: CAPS }); // which looks at every index
      } finally {
        for (const place of places) await place.remove();
      }
    }),
    { numRuns: Number(process.env['NUM_RUNS'] ?? 20), endOnFailure: true },
  );
}, 300_000);

function recordOneByOne(store: Store, logins: readonly Login[], logouts: readonly Logout[]): Outcome[] {
  const outcomes = logins.flatMap((one) => store.record({ logins: [one] }));
  for (const one of logouts) store.record({ logins: [], logouts: [one] });
  return outcomes;
}

function contentsOf(store: Store): unknown {
  const { events } = store.events();
  return [[...store.entries()], events, store.generation(), store.size(), store.nextExpiryAt()];
}
