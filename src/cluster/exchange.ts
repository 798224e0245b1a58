/**
 * What passes between this host's store and the server over one link.
 *
 * Times: the store's are this host's, the server's are the server's. Every conversion goes through the age, with the
 * bound of {@link ServerClock} that shortens access: a login can only get older on its way, a tombstone only younger.
 */
import type { Log } from '../log.ts';
import { admitShared, type AdmissionRules } from '../login/admission.ts';
import type { Login } from '../login/login.ts';
import type { Store } from '../store/store.ts';
import { TombstoneSet, type Tombstone } from '../store/tombstones.ts';
import { Echoes } from './echoes.ts';
import { LinkLost, type Link, type Reply } from './redis.ts';
import type { ServerClock } from './server-clock.ts';
import type { WallClock } from './wall-clock.ts';
import { decodeShared, forgetNews, loginNews, purgeNews } from './wire.ts';

/** This host as a node of the cluster; outlives its links. */
export interface Node {
  readonly name: string;
  readonly store: Store;
  readonly rules: AdmissionRules;
  readonly wallClock: WallClock;
  readonly serverClock: ServerClock;
  readonly log: Log;
  /** Called when what is permitted here has changed. */
  readonly onChanged: () => void;
}

/** A member and its value, as they stand on the server. */
export type Shared = readonly [member: string, value: string];

const BY = 'the cluster'; // who purged, for the audit trail
const BATCH = 100; // logins in one run of the script, which the server does nothing beside: about 2 ms
const AHEAD_MS = 1000; // a stamp that lies further ahead of the server's clock was made by another clock
const SAME_MS = 100; // two conversions of one tombstone differ by less, or else it is buried once more

export class Exchange {
  readonly node: Node;
  readonly link: Link;
  readonly echoes = new Echoes();
  /** Every tombstone that this link has told of, in the server's time. */
  readonly #told = new TombstoneSet();

  constructor(node: Node, link: Link) {
    this.node = node;
    this.link = link;
  }

  /** Asks for the time and where the stream stands. */
  pulse(): Promise<Reply> {
    return this.#run([]);
  }

  /** Tells the server of `logins`; what a tombstone covers there goes here too. */
  async tell(logins: readonly Login[]): Promise<void> {
    const { name, wallClock } = this.node;
    for (let start = 0; start < logins.length; start += BATCH) {
      const batch = logins.slice(start, start + BATCH);
      const now = wallClock.now();
      const news = batch.map((login) => loginNews(login, name, now));
      this.echoes.expect(news);
      const { verdicts } = await this.#run(news);
      this.echoes.forget(news.filter((_, index) => verdicts[index] !== 'shared'));
      const buried = batch.filter((_, index) => verdicts[index] === 'buried');
      if (buried.length > 0) await this.#buryHere(buried);
    }
  }

  /** Tells the server of the purges made here that it does not know. */
  async tellPurges(): Promise<void> {
    const fresh = [...this.node.store.tombstones()].filter((tombstone) => this.#isUntold(tombstone));
    if (fresh.length === 0) return;
    const now = this.node.wallClock.now();
    await this.#run(fresh.map(({ mark, at }) => purgeNews(mark, at, now)));
    this.bury(await this.link.tombstones());
  }

  #isUntold({ mark, at }: Tombstone): boolean {
    const { wallClock, serverClock } = this.node;
    const told = this.#told.get(mark);
    return told === undefined || told < at + serverClock.earliest() - wallClock.now() - SAME_MS;
  }

  /** Keeps what is shared, as far as this host's rules and the tombstones let it; returns what that granted. */
  take(shared: readonly Shared[]): Login[] {
    if (shared.length === 0) return [];
    const granted = this.node.store.recordShared((kept) => shared.flatMap((each) => this.#admitted(each, kept) ?? []));
    if (granted.length > 0) this.node.onChanged();
    return granted;
  }

  #admitted([member, value]: Shared, kept: TombstoneSet): Login | undefined {
    const { name, rules, wallClock, serverClock, log } = this.node;
    const shared = decodeShared(member, value);
    if (shared === undefined || shared.at > serverClock.latest() + AHEAD_MS) return undefined;
    const now = wallClock.now();
    const at = Math.min(now, now - (serverClock.latest() - shared.at));
    const admission = admitShared(shared.claim, at, shared.endsAt - shared.at, rules, now);
    if ('refused' in admission) {
      const { address, user, node } = shared.claim;
      log.debug('refused what another node told', { address, user, node, reason: admission.refused });
      return undefined;
    }
    const { node, ...login } = admission.admitted;
    if (this.#told.covers({ ...login, at: shared.at }) || this.#coversUntold(kept, login)) return undefined;
    if (shared.heldMs > 0) return { ...login, node: shared.claim.node, openAt: at + shared.heldMs };
    return node === undefined || node === name ? login : { ...login, node };
  }

  /** What was told is judged in the server's time, so by all nodes alike: this is of what is not on the server yet. */
  #coversUntold(kept: TombstoneSet, login: Login): boolean {
    return kept.of(login).some((each) => login.at <= each.at && this.#isUntold(each));
  }

  /** Has the server drop those of `members` that do not count, so that they stand in nothing's way. */
  async forget(members: readonly string[]): Promise<void> {
    for (let start = 0; start < members.length; start += BATCH) {
      await this.#run(members.slice(start, start + BATCH).map(forgetNews));
    }
  }

  /** Takes away here what was purged elsewhere: `marks` and when, in the server's time. */
  bury(marks: Iterable<readonly [mark: string, at: number]>): void {
    const { store, wallClock, serverClock } = this.node;
    const kept = store.tombstones();
    const news: Tombstone[] = [];
    for (const [mark, at] of marks) {
      this.#told.set(mark, Math.max(at, this.#told.get(mark) ?? 0));
      const here = wallClock.now() - Math.max(0, serverClock.earliest() - at);
      if ((kept.get(mark) ?? 0) < here - SAME_MS) news.push({ mark, at: here });
    }
    this.#removed(news.length === 0 ? [] : store.bury(news, BY));
  }

  /** The server holds that a purge came after these logins, so it did, whatever the clocks say in between. */
  async #buryHere(logins: readonly Login[]): Promise<void> {
    this.bury(await this.link.tombstones());
    const news = logins.flatMap((login) => this.#told.of(login).map(({ mark }) => ({ mark, at: login.at })));
    this.#removed(this.node.store.bury(news, BY));
  }

  #removed(logins: readonly Login[]): void {
    for (const { address, user } of logins) this.node.log.info('purged', { address, user, by: BY });
    if (logins.length > 0) this.node.onChanged();
  }

  async #run(news: readonly (readonly string[])[]): Promise<Reply> {
    const { serverClock, log } = this.node;
    const reply = await this.link.run(serverClock.earliest(), news);
    const wentBackMs = serverClock.wentBackMs(reply);
    serverClock.take(reply);
    if (wentBackMs <= AHEAD_MS) return reply;
    log.warn('began the namespace anew, since the clock of Redis went back', { ms: Math.round(wentBackMs) });
    await this.link.run(serverClock.earliest(), [['restart', reply.epoch]]);
    throw new LinkLost('its clock went back');
  }
}
