/**
 * Any sequence of logins, logouts, purges, expiries, clock jumps and restarts, on the store and on a plain Map that follows the
 * rules in the simplest way. The clock is moved in both directions; whoever opens the store also verifies its indexes.
 */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import type { Login } from '../../src/login/login.ts';
import { contains, parseNetwork, type Network } from '../../src/login/network.ts';
import type { Outcome } from '../../src/store/outcome.ts';
import type { Limits } from '../../src/store/limits.ts';
import type { Selector } from '../../src/store/selector.ts';
import type { Store } from '../../src/store/store.ts';
import { GRACE_MS, LIMITS, loginOf, MINUTE_MS, permitted, Place, START } from './fixture.ts';

const CHILD = path.join(import.meta.dirname, 'store-process.js');
const CAPS = { ...LIMITS, maxAddressesPerUser: 2, maxUsersPerAddress: 2, maxEntries: 4 };
const MAX_SESSIONS_MS = [0, GRACE_MS / 2, 3 * GRACE_MS];
const SESSIONS = ['s1', 's2', 's3', 's4'];
const ADDRESSES = ['192.0.2.1', '192.0.2.2', '198.51.100.1', '198.51.100.2', '2001:db8::1', '2001:db8::2'];
const USERS = ['alice', 'Alice', 'bob', 'carol', 'dave'];
const NETWORKS = ['192.0.2.0/24', '2001:db8::/64', '0.0.0.0/0'].flatMap((text) => parseNetwork(text) ?? []);

/** What the model keeps of a login: without sessions, `expiresAt` is its own. */
interface Known extends Login {
  readonly open: Readonly<Record<string, number>>;
  readonly leftAt: number;
}

/** How the store should behave, without any index. */
class Model {
  logins: Known[] = [];
  clockAt = 0;
  now = START;
  /** What is forgotten at a restart. */
  ended: Record<string, number> = {};
  readonly maxSessionMs: number;

  constructor(maxSessionMs: number) {
    this.maxSessionMs = maxSessionMs;
  }

  record(claimed: Login, limits: Limits): Outcome {
    this.#notice();
    const login = this.#clip({ ...claimed, open: {}, leftAt: 0 });
    if (login.expiresAt <= this.now) return { kind: 'unchanged' };
    const same = this.logins.find((each) => sameClaim(each, login));
    const live = same !== undefined && this.#isLive(same) ? same : undefined;
    const next = this.#opened(live === undefined || login.expiresAt > live.expiresAt ? login : live, login, live);
    if (live !== undefined && next.expiresAt === live.expiresAt && isDeepStrictEqual(next.open, live.open))
      return { kind: 'unchanged' };
    const refused = live === undefined ? this.#reached(login, limits) : undefined;
    if (refused !== undefined) return { kind: 'refused', cap: refused };
    this.#keep([...this.logins.filter((each) => each !== same), next]);
    return { kind: live === undefined ? 'granted' : 'refreshed' };
  }

  #opened(next: Known, { session, at }: Login, live: Known | undefined): Known {
    const { open = {}, leftAt = 0 } = live ?? {};
    const isKnown = session === undefined || this.maxSessionMs === 0 || (this.ended[session] ?? 0) >= at;
    if (isKnown || (open[session] ?? 0) >= at) return { ...next, open, leftAt };
    return { ...next, open: { ...open, [session]: at }, leftAt };
  }

  logout(session: string, claimedAt: number): void {
    this.#notice();
    const at = Math.min(claimedAt, this.now);
    this.ended[session] = at;
    this.#keep(
      this.logins.map((each) => {
        const { [session]: openedAt, ...open } = each.open;
        if (openedAt === undefined || at < openedAt) return each;
        const boundAt = openedAt + this.maxSessionMs;
        return { ...each, open, leftAt: Math.max(each.leftAt, Math.min(at + GRACE_MS, boundAt) - GRACE_MS) };
      }),
    );
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

  #keep(logins: Known[]): void {
    if (logins.length !== this.logins.length || logins.some((each) => !this.logins.includes(each)))
      this.clockAt = this.now;
    this.logins = logins;
  }

  #notice(): void {
    if (this.now >= this.clockAt) return;
    this.logins = this.logins.map((each) => this.#clip(each));
    this.clockAt = this.now;
  }

  #clip(login: Known): Known {
    const ahead = Math.max(0, login.at - this.now);
    const open = Object.entries(login.open).map(([id, openedAt]) => [id, Math.min(openedAt, this.now)]);
    const leftAt = Math.min(login.leftAt, this.now);
    return {
      ...login,
      at: login.at - ahead,
      expiresAt: login.expiresAt - ahead,
      open: Object.fromEntries(open) as Record<string, number>,
      leftAt,
    };
  }

  #isLive(login: Known): boolean {
    return this.endOf(this.#clip(login)) > this.now;
  }

  /** Without regard to the clock's being set back since. */
  endOf({ expiresAt, open, leftAt }: Known): number {
    const bounds = this.maxSessionMs === 0 ? [] : Object.values(open).map((openedAt) => openedAt + this.maxSessionMs);
    return Math.max(expiresAt, leftAt + GRACE_MS, ...bounds);
  }

  live(): string[] {
    return this.logins
      .filter((each) => this.#isLive(each))
      .map((each) => {
        const now = this.#clip(each);
        const { address, user, at, open } = now;
        const openSessions = Object.values(open).filter((openedAt) => openedAt + this.maxSessionMs > this.now).length;
        return [address, user, at, this.endOf(now), openSessions].join(' ');
      })
      .toSorted();
  }
}

type Step =
  | { do: 'record'; address: string; user: string; ageMs: number; session: string | undefined }
  | { do: 'logout'; session: string; ageMs: number }
  | { do: 'purge'; selector: Selector }
  | { do: 'clock'; byMs: number }
  | { do: 'expire' | 'snapshot' | 'reopen' | 'read elsewhere' };

const ageMs = fc.integer({ min: -5 * MINUTE_MS, max: GRACE_MS + MINUTE_MS });
const login = fc.record({
  do: fc.constant('record' as const),
  address: fc.constantFrom(...ADDRESSES),
  user: fc.constantFrom(...USERS),
  ageMs,
  session: fc.constantFrom(undefined, ...SESSIONS),
});
const logout = fc.record({ do: fc.constant('logout' as const), session: fc.constantFrom(...SESSIONS), ageMs });
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
  { weight: 8, arbitrary: logout },
  { weight: 8, arbitrary: forward.map((byMs) => ({ do: 'clock' as const, byMs })) },
  { weight: 3, arbitrary: fc.integer({ min: -3 * GRACE_MS, max: -1 }).map((byMs) => ({ do: 'clock' as const, byMs })) },
  { weight: 3, arbitrary: selector.map((each) => ({ do: 'purge' as const, selector: each })) },
  { weight: 4, arbitrary: fc.constantFrom({ do: 'expire' as const }, { do: 'snapshot' as const }) },
  { weight: 1, arbitrary: fc.constantFrom({ do: 'reopen' as const }, { do: 'read elsewhere' as const }) },
);

const manySteps = fc.array(step, { minLength: 10, maxLength: 60, size: 'max' });

test('behaves like a plain map of logins, whatever happens in whatever order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...MAX_SESSIONS_MS), manySteps, async (maxSessionMs, steps) => {
      const place = new Place();
      try {
        await follow(place, steps, { ...CAPS, maxSessionMs });
      } finally {
        await place.remove();
      }
    }),
    { numRuns: Number(process.env['NUM_RUNS'] ?? 20), endOnFailure: true },
  );
}, 300_000);

async function follow(place: Place, steps: readonly Step[], limits: Limits): Promise<void> {
  const model = new Model(limits.maxSessionMs);
  const sets = new Map<number, string>();
  let store = await place.open({ limits });
  for (const each of steps) {
    switch (each.do) {
      case 'record': {
        const { session } = each;
        const claimed = { ...loginOf(each.address, place.now - each.ageMs, each.user), session };
        expect(store.record({ logins: [claimed] })).toEqual([model.record(claimed, limits)]);
        break;
      }
      case 'logout':
        store.record({ logins: [], logouts: [{ session: each.session, at: place.now - each.ageMs }] });
        model.logout(each.session, place.now - each.ageMs);
        break;
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
        store = await place.open({ limits });
        model.ended = {};
        break;
      case 'read elsewhere':
        expect(readElsewhere(place, limits)).toEqual(JSON.parse(JSON.stringify([...store.entries()])));
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

function readElsewhere(place: Place, { maxSessionMs }: Limits): unknown {
  const args = [CHILD, 'entries', place.dir, String(place.now), String(maxSessionMs)];
  return JSON.parse(spawnSync(process.execPath, args, { encoding: 'utf8' }).stdout);
}

function compare(store: Store, model: Model): void {
  const entries = [...store.entries()];
  const logins = entries.flatMap((entry) => entry.logins);
  expect(logins.map(describe).toSorted()).toEqual(model.live());
  for (const { at, expiresAt } of logins) {
    expect(at).toBeLessThanOrEqual(model.now);
    expect(expiresAt).toBeLessThanOrEqual(model.now + Math.max(GRACE_MS, model.maxSessionMs));
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
  expect(next).toBeLessThanOrEqual(Math.min(...model.logins.map((each) => model.endOf(each))));
}

function selects(by: Selector, { address, user }: Login): boolean {
  if ('address' in by) return by.address === address;
  if ('network' in by) return contains(by.network, address);
  return 'user' in by ? by.user.toLowerCase() === user.toLowerCase() : true;
}

function sameClaim(a: Login, b: Login): boolean {
  return a.address === b.address && a.user.toLowerCase() === b.user.toLowerCase();
}

function describe({ address, user, at, expiresAt, openSessions = 0 }: Login): string {
  return [address, user, at, expiresAt, openSessions].join(' ');
}
