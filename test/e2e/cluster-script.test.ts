/**
 * The script's rules against a model that knows nothing of Redis: producers with skewed clocks, messages that come late,
 * twice or out of order, purges in between, entries left by a server whose clock was ahead. The server says what time
 * it was at each step, so both decide by the same clock.
 */
import * as fc from 'fast-check';
import { expect } from '@jest/globals';
import { Link } from '../../src/cluster/redis.ts';
import { keysOf } from '../../src/cluster/script.ts';
import { loginNews, purgeNews } from '../../src/cluster/wire.ts';
import { withPrefix, type Address } from '../../src/login/address.ts';
import { contains, parseNetwork, type Network } from '../../src/login/network.ts';
import { addressMark, EVERYTHING, memberOf, networkMark, userMark } from '../../src/store/tombstones.ts';
import { addressOf, Place } from '../store/fixture.ts';
import { RedisServer, withRedis } from './cluster/redis-server.ts';

const RUNS = 2000;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

const ADDRESSES: readonly Address[] = [
  ...['198.51.100.7', '198.51.100.8', '203.0.113.7', '2001:db8::7', '2001:db8::8', '2001:db8:1::7'].map(addressOf),
  withPrefix(addressOf('2001:db8::1'), 64),
];
const USERS = ['alice', 'Bob', 'a b@example.org'];
const NETWORKS = [
  '198.51.100.0/24',
  '198.51.100.6/31',
  '0.0.0.0/0',
  '2001:db8::/32',
  '2001:db8::7',
  '2001:db8::/63',
  '::/0',
];

type Mark =
  | { readonly kind: 'all' }
  | { readonly kind: 'user'; readonly user: string }
  | { readonly kind: 'network'; readonly network: Network }
  | { readonly kind: 'address'; readonly address: Address };

/** What one producer says at one moment; `heldMs` is how long the message was on its way, negative with a bad clock. */
type Step = { readonly heldMs: number } & (
  | {
      readonly do: 'login';
      readonly address: Address;
      readonly user: string;
      readonly ageMs: number;
      readonly lifeMs: number;
    }
  | { readonly do: 'purge'; readonly mark: Mark; readonly ageMs: number }
  | { readonly do: 'replay'; readonly nth: number }
  | { readonly do: 'ahead'; readonly address: Address; readonly user: string }
  | { readonly do: 'restart' }
);

const address = fc.constantFrom(...ADDRESSES);
const user = fc.constantFrom(...USERS);
const ageMs = fc.oneof(
  fc.integer({ min: 0, max: 20 }),
  fc.integer({ min: 0, max: 40 * MINUTE_MS }),
  fc.integer({ min: 0, max: 26 * 60 * MINUTE_MS }),
);
const heldMs = fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.integer({ min: -3_600_000, max: 3_600_000 }));
const mark: fc.Arbitrary<Mark> = fc.oneof(
  fc.constant({ kind: 'all' } as const),
  user.map((each) => ({ kind: 'user', user: each }) as const),
  fc.constantFrom(...NETWORKS).map((text) => ({ kind: 'network', network: networkOf(text) }) as const),
  fc
    .constantFrom(...ADDRESSES.filter((each) => !each.includes('/')))
    .map((each) => ({ kind: 'address', address: each }) as const),
);
const lifeMs = fc.constantFrom(5, 30 * MINUTE_MS, 60 * MINUTE_MS, DAY_MS, 2 * DAY_MS);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('login' as const), heldMs, address, user, ageMs, lifeMs }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('purge' as const), heldMs, mark, ageMs }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('replay' as const), heldMs: fc.constant(0), nth: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('ahead' as const), heldMs: fc.constant(0), address, user }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const), heldMs: fc.constant(0) }) },
);

function networkOf(text: string): Network {
  const network = parseNetwork(text);
  if (network === undefined) throw new Error(text);
  return network;
}

interface Entry {
  readonly address: Address;
  readonly user: string;
  readonly at: number;
  readonly endsAt: number;
}

type Told = Pick<Entry, 'address' | 'user'> & { readonly lifeMs: number };

class Model {
  entries: Entry[] = [];
  tombstones: { readonly mark: Mark; at: number }[] = [];
  messages = 0;

  login(now: number, at: number, told: Told): string {
    const endsAt = at + Math.min(told.lifeMs, DAY_MS);
    if (endsAt <= now) return 'stale';
    const isBuried = (one: Entry): boolean =>
      this.tombstones.some((tombstone) => one.at <= Math.min(tombstone.at, now) && covers(tombstone.mark, one));
    const entry = { address: told.address, user: told.user, at, endsAt };
    if (isBuried(entry)) return 'buried';
    const known = this.entries.find((each) => isSame(each, entry));
    if (known !== undefined && known.at <= now && !isBuried(known) && known.endsAt >= endsAt) return 'known';
    this.put(entry);
    this.messages++;
    return 'shared';
  }

  put(entry: Entry): void {
    this.entries = [...this.entries.filter((each) => !isSame(each, entry)), entry];
  }

  purge(now: number, at: number, what: Mark): string {
    const known = this.tombstones.find((tombstone) => textOf(tombstone.mark) === textOf(what));
    if (at <= Math.min(known?.at ?? 0, now) || at <= now - 25 * 60 * MINUTE_MS) return 'known';
    if (known === undefined) this.tombstones.push({ mark: what, at });
    else known.at = at;
    this.messages++;
    return 'shared';
  }

  restart(now: number): string {
    this.entries = [];
    this.messages = 0;
    for (const tombstone of this.tombstones) tombstone.at = Math.min(tombstone.at, now);
    return 'shared';
  }
}

function isSame(a: Entry, b: Entry): boolean {
  return a.address === b.address && a.user.toLowerCase() === b.user.toLowerCase();
}

function covers(what: Mark, entry: Entry): boolean {
  if (what.kind === 'all') return true;
  if (what.kind === 'user') return what.user.toLowerCase() === entry.user.toLowerCase();
  return contains(what.kind === 'network' ? what.network : networkOf(what.address), entry.address);
}

function textOf(what: Mark): string {
  if (what.kind === 'all') return EVERYTHING;
  if (what.kind === 'user') return userMark(what.user);
  return what.kind === 'network' ? networkMark(what.network) : addressMark(what.address);
}

const place = new Place();

/** One run: a namespace of its own, the steps told to the server and to the model, and both compared at the end. */
async function compare(redis: RedisServer, namespace: string, steps: readonly Step[]): Promise<void> {
  const link = await Link.open({ endpoint: redis.endpoint, namespace, password: undefined, ca: undefined });
  const model = new Model();
  const sent: Message[] = [];
  try {
    for (const each of steps) await take(each);
    await compareEnd();
  } finally {
    link.close();
  }

  async function take(each: Step): Promise<void> {
    if (each.do === 'ahead') return leaveAhead(each.address, each.user);
    if (each.do === 'restart') return restart();
    const message = each.do === 'replay' ? sent[each.nth] : messageOf(each);
    if (message === undefined) return;
    sent.push(message);
    const { time, verdicts } = await link.run(message.sentAt, [message.news]);
    expect(verdicts).toEqual([message.judge(model, time)]);
  }

  async function leaveAhead(entryAddress: Address, entryUser: string): Promise<void> {
    const { time } = await link.run(0, []);
    const entry = { address: entryAddress, user: entryUser, at: time + 60 * MINUTE_MS, endsAt: time + 90 * MINUTE_MS };
    const keys = keysOf(namespace);
    const member = memberOf(place.login('192.0.2.1', entryUser, { address: entryAddress }));
    await redis.command('ZADD', keys.expiries, `${entry.endsAt}`, member);
    await redis.command('HSET', keys.records, member, `${entry.at} ${entry.endsAt} {}`);
    model.put(entry);
  }

  async function restart(): Promise<void> {
    const { epoch } = await link.run(0, []);
    const { verdicts, time } = await link.run(0, [['restart', epoch]]);
    expect(verdicts).toEqual([model.restart(time)]);
  }

  async function compareEnd(): Promise<void> {
    const { time, seq } = await link.run(0, []);
    const { ends } = await link.scan('0');
    const live = model.entries.filter(({ endsAt }) => endsAt > time);
    expect(new Map([...ends].filter(([, endsAt]) => endsAt > time))).toEqual(
      new Map(live.map((entry) => [memberOf(place.login('192.0.2.1', entry.user, entry)), entry.endsAt])),
    );
    const kept = (at: number): boolean => at > time - 24 * 60 * MINUTE_MS;
    expect(new Map([...(await link.tombstones())].filter(([, at]) => kept(at)))).toEqual(
      new Map(model.tombstones.filter(({ at }) => kept(at)).map((tombstone) => [textOf(tombstone.mark), tombstone.at])),
    );
    expect(seq).toBe(model.messages);
    const messages = seq === 0 ? [] : await link.read('0-0');
    expect(messages.map((message) => message.seq)).toEqual(messages.map((_, index) => index + 1));
    expect(messages).toHaveLength(seq);
  }
}

interface Message {
  readonly sentAt: number;
  readonly news: readonly string[];
  readonly judge: (model: Model, now: number) => string;
}

function messageOf(each: Extract<Step, { do: 'login' | 'purge' }>): Message {
  const wall = Date.now();
  const sentAt = wall - each.heldMs;
  const at = (now: number): number => now - each.ageMs - Math.max(0, now - sentAt);
  if (each.do === 'purge') {
    const news = purgeNews(textOf(each.mark), wall - each.ageMs, wall);
    return { sentAt, news, judge: (model, now) => model.purge(now, at(now), each.mark) };
  }
  const loginAt = wall - each.ageMs;
  const times = { at: loginAt, expiresAt: loginAt + each.lifeMs };
  const login = place.login('192.0.2.1', each.user, { address: each.address, ...times });
  return { sentAt, news: loginNews(login, 'pop1', wall), judge: (model, now) => model.login(now, at(now), each) };
}

withRedis('a namespace that holds nothing has an epoch all the same, and another one once it was emptied', async () => {
  const redis = await RedisServer.start();
  const link = await Link.open({ endpoint: redis.endpoint, namespace: 'ns', password: undefined, ca: undefined });
  try {
    const { epoch } = await link.run(0, []);
    expect(epoch).toMatch(/^\d+\.\d+$/);
    expect(await link.run(0, [])).toMatchObject({ epoch, seq: 0, lastId: '0-0' });
    await redis.command('FLUSHALL');
    expect((await link.run(0, [])).epoch).not.toBe(epoch);
  } finally {
    link.close();
  }
});

withRedis(
  'decides as the model does, whatever comes late, twice, out of order or by a skewed clock',
  async () => {
    const redis = await RedisServer.start();
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 20 }), (steps) =>
        compare(redis, `run${runs++}`, steps),
      ),
      { numRuns: RUNS },
    );
    expect(runs).toBeGreaterThanOrEqual(RUNS);
  },
  300_000,
);
