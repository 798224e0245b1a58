/**
 * Any sequence of logins, purges, expiries, clock jumps and restarts, on the store and on a plain Map that follows the
 * rules in the simplest way. The clock is moved in both directions; whoever opens the store also verifies its indexes.
 */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import type { Login } from '../../src/login/login.ts';
import { contains, parseNetwork, type Network } from '../../src/login/network.ts';
import type { Limits, Outcome } from '../../src/store/change.ts';
import type { Selector, Store } from '../../src/store/store.ts';
import { GRACE_MS, LIMITS, loginOf, MINUTE_MS, permitted, Place, START } from './fixture.ts';

const CHILD = path.join(import.meta.dirname, 'store-process.js');
const CAPS = { ...LIMITS, maxAddressesPerUser: 2, maxUsersPerAddress: 2, maxEntries: 4 };
const ADDRESSES = ['192.0.2.1', '192.0.2.2', '198.51.100.1', '198.51.100.2', '2001:db8::1', '2001:db8::2'];
const USERS = ['alice', 'Alice', 'bob', 'carol', 'dave'];
const NETWORKS = ['192.0.2.0/24', '2001:db8::/64', '0.0.0.0/0'].flatMap((text) => parseNetwork(text) ?? []);

/** How the store should behave, without any index. */
class Model {
  logins: Login[] = [];
  clockAt = 0;
  now = START;

  record(claimed: Login, limits: Limits): Outcome {
    this.#notice();
    const login = this.#clip(claimed);
    const same = this.logins.find((each) => sameClaim(each, login));
    if (login.expiresAt <= this.now || (same !== undefined && same.expiresAt >= login.expiresAt))
      return { kind: 'unchanged' };
    const isLive = same !== undefined && this.#isLive(same);
    const refused = isLive ? undefined : this.#reached(login, limits);
    if (refused !== undefined) return { kind: 'refused', cap: refused };
    this.#keep([...this.logins.filter((each) => each !== same), login]);
    return { kind: isLive ? 'refreshed' : 'granted' };
  }

  /** A cap that only the past ones fill makes them go. */
  #reached({ address, user }: Login, limits: Limits) {
    const reached = () => {
      const addresses = new Set(this.logins.map((each) => each.address));
      const ofUser = this.logins.filter((each) => each.user.toLowerCase() === user.toLowerCase());
      const there = this.logins.filter((each) => each.address === address);
      if (addresses.size >= limits.maxEntries && !addresses.has(address)) return 'max_entries';
      if (ofUser.length >= limits.maxAddressesPerUser) return 'max_addresses_per_user';
      return there.length >= limits.maxUsersPerAddress ? 'max_users_per_address' : undefined;
    };
    if (reached() !== undefined) this.#removePast();
    return reached();
  }

  purge(selector: Selector): void {
    this.#notice();
    if ('expired' in selector) this.#removePast();
    else this.#keep(this.logins.filter((each) => !selects(selector, each)));
  }

  expire(): void {
    this.#notice();
    this.#removePast();
  }

  #removePast(): void {
    this.#keep(this.logins.filter((each) => this.#isLive(each)));
  }

  #keep(logins: Login[]): void {
    if (logins.length !== this.logins.length || logins.some((each) => !this.logins.includes(each)))
      this.clockAt = this.now;
    this.logins = logins;
  }

  #notice(): void {
    if (this.now >= this.clockAt) return;
    this.logins = this.logins.map((each) => this.#clip(each));
    this.clockAt = this.now;
  }

  #clip(login: Login): Login {
    const ahead = Math.max(0, login.at - this.now);
    return { ...login, at: login.at - ahead, expiresAt: login.expiresAt - ahead };
  }

  #isLive(login: Login): boolean {
    return this.#clip(login).expiresAt > this.now;
  }

  live(): string[] {
    return this.logins
      .filter((each) => this.#isLive(each))
      .map((each) => describe(this.#clip(each)))
      .toSorted();
  }
}

type Step =
  | { do: 'record'; address: string; user: string; ageMs: number }
  | { do: 'purge'; selector: Selector }
  | { do: 'clock'; byMs: number }
  | { do: 'expire' | 'snapshot' | 'reopen' | 'read elsewhere' };

const login = fc.record({
  do: fc.constant('record' as const),
  address: fc.constantFrom(...ADDRESSES),
  user: fc.constantFrom(...USERS),
  ageMs: fc.integer({ min: -5 * MINUTE_MS, max: GRACE_MS + MINUTE_MS }),
});
const selector = fc.oneof(
  fc.constantFrom(...ADDRESSES).map((text) => ({ address: loginOf(text, 1).address })),
  fc.constantFrom(...NETWORKS).map((network: Network) => ({ network })),
  fc.constantFrom(...USERS).map((user) => ({ user })),
  fc.constant({ expired: true as const }),
  fc.constant({ all: true as const }),
);
const forward = fc.integer({ min: 1, max: GRACE_MS + MINUTE_MS });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 20, arbitrary: login },
  { weight: 8, arbitrary: forward.map((byMs) => ({ do: 'clock' as const, byMs })) },
  { weight: 3, arbitrary: fc.integer({ min: -3 * GRACE_MS, max: -1 }).map((byMs) => ({ do: 'clock' as const, byMs })) },
  { weight: 3, arbitrary: selector.map((each) => ({ do: 'purge' as const, selector: each })) },
  { weight: 4, arbitrary: fc.constantFrom({ do: 'expire' as const }, { do: 'snapshot' as const }) },
  { weight: 1, arbitrary: fc.constantFrom({ do: 'reopen' as const }, { do: 'read elsewhere' as const }) },
);

test('behaves like a plain map of logins, whatever happens in whatever order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60, size: 'max' }), async (steps) => {
      const place = new Place();
      try {
        await follow(place, steps);
      } finally {
        await place.remove();
      }
    }),
    { numRuns: Number(process.env['NUM_RUNS'] ?? 20), endOnFailure: true },
  );
}, 300_000);

async function follow(place: Place, steps: readonly Step[]): Promise<void> {
  const model = new Model();
  const sets = new Map<number, string>();
  let store = await place.open({ limits: CAPS });
  for (const each of steps) {
    switch (each.do) {
      case 'record': {
        const claimed = loginOf(each.address, place.now - each.ageMs, each.user);
        expect(store.record({ logins: [claimed] })).toEqual([model.record(claimed, CAPS)]);
        break;
      }
      case 'purge':
        store.purge(each.selector);
        model.purge(each.selector);
        break;
      case 'clock':
        place.now += each.byMs;
        model.now = place.now;
        break;
      case 'expire':
        store.expire();
        model.expire();
        break;
      case 'snapshot':
        model.expire();
        expectOneSetAGeneration(store, sets);
        break;
      case 'reopen':
        await store.close();
        store = await place.open({ limits: CAPS });
        break;
      case 'read elsewhere':
        expect(readElsewhere(place)).toEqual(JSON.parse(JSON.stringify([...store.entries()])));
        break;
    }
    compare(store, model);
  }
}

function expectOneSetAGeneration(store: Store, sets: Map<number, string>): void {
  const { generation, addresses } = store.snapshot();
  expect(addresses).toEqual(permitted(store));
  const set = addresses.join(' ');
  expect(sets.get(generation) ?? set).toBe(set);
  sets.set(generation, set);
}

function readElsewhere(place: Place): unknown {
  const args = [CHILD, 'entries', place.dir, String(place.now)];
  return JSON.parse(spawnSync(process.execPath, args, { encoding: 'utf8' }).stdout);
}

function compare(store: Store, model: Model): void {
  const entries = [...store.entries()];
  const logins = entries.flatMap((entry) => entry.logins);
  expect(logins.map(describe).toSorted()).toEqual(model.live());
  for (const { at, expiresAt } of logins) {
    expect(at).toBeLessThanOrEqual(model.now);
    expect(expiresAt).toBeLessThanOrEqual(model.now + GRACE_MS);
  }
  expect(entries.length).toBeLessThanOrEqual(CAPS.maxEntries);
  for (const entry of entries) {
    expect(entry.logins.length).toBeLessThanOrEqual(CAPS.maxUsersPerAddress);
    expect(store.entry(entry.address)).toEqual(entry);
  }
  for (const user of USERS) {
    const theirs = entries.filter((entry) =>
      entry.logins.some((each) => each.user.toLowerCase() === user.toLowerCase()),
    );
    expect(theirs.length).toBeLessThanOrEqual(CAPS.maxAddressesPerUser);
    expect(store.entriesOfUser(user)).toEqual(theirs);
  }
  const next = store.nextExpiryAt() ?? Infinity;
  expect(next).toBeLessThanOrEqual(Math.min(...model.logins.map(({ expiresAt }) => expiresAt)));
}

function selects(by: Selector, { address, user }: Login): boolean {
  if ('address' in by) return by.address === address;
  if ('network' in by) return contains(by.network, address);
  return 'user' in by ? by.user.toLowerCase() === user.toLowerCase() : true;
}

function sameClaim(a: Login, b: Login): boolean {
  return a.address === b.address && a.user.toLowerCase() === b.user.toLowerCase();
}

function describe({ address, user, at, expiresAt }: Login): string {
  return [address, user, at, expiresAt].join(' ');
}
