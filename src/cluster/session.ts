/**
 * One link's life: first everything is compared, then the stream is followed and what happens here is passed on.
 * Whatever cannot be explained (a gap in the stream, an emptied server) ends the session, and the next one begins with
 * comparing everything: there is no other way to recover, so this one is well worn.
 */
import { setTimeout } from 'node:timers/promises';
import type { Login } from '../login/login.ts';
import { memberOf } from '../store/tombstones.ts';
import { Exchange, type Node, type Shared } from './exchange.ts';
import { Pace } from './pace.ts';
import { reconcile } from './reconcile.ts';
import { LinkLost, READ_MESSAGES, type Link, type Message, type Reply } from './redis.ts';

const BEAT_MS = 1000; // how soon a silent death, or a purge that another process made here, is noticed
const RECONCILE_MS = 60_000; // messages cannot be lost unnoticed; this is for what nobody has thought of

/** How far a session has come. */
export interface Progress {
  readonly reconciledAt: number | undefined;
  /** How old the last message was when it was taken, milliseconds. */
  readonly lagMs: number;
  /** Messages that the server has and this host has not read. */
  readonly unread: number;
  /** Logins that wait to be sent. */
  readonly unsent: number;
}

export class Session {
  readonly #exchange: Exchange;
  readonly #link: Link;
  readonly #ending = new AbortController();
  readonly #pending = new Map<string, Login>();
  readonly #sendingPace = new Pace(this.#ending.signal);
  #sending: Promise<void> = Promise.resolve();
  #isSending = false;
  #failure: unknown;
  #epoch = '';
  #position = '';
  #seq = 0;
  #reconciledAt: number | undefined;
  #lagMs = 0;
  #unread = 0;

  constructor(node: Node, link: Link) {
    this.#exchange = new Exchange(node, link);
    this.#link = link;
  }

  progress(): Progress {
    const [reconciledAt, lagMs, unread] = [this.#reconciledAt, this.#lagMs, this.#unread];
    return { reconciledAt, lagMs, unread, unsent: this.#pending.size };
  }

  /** Goes on until {@link end}; rejects with what ended it otherwise. Calls `onJoined` when both sides agree. */
  async run(onJoined: () => void): Promise<void> {
    const { signal } = this.#ending;
    await this.#guard(async () => {
      this.#begin(await this.#exchange.pulse());
      this.share([]);
      await this.#reconcile();
      onJoined();
      await Promise.all([this.#guard(() => this.#follow(signal)), this.#guard(() => this.#beat(signal))]);
    });
    await this.#sending;
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Ends {@link run} soon; idempotent. */
  end(): void {
    this.#ending.abort();
    this.#link.close();
  }

  /** Passes on logins of this host; of one user at one address only the last. */
  share(logins: readonly Login[]): void {
    for (const login of logins) if (login.node === undefined) this.#pending.set(memberOf(login), login);
    if (this.#position !== '' && !this.#isSending) this.#sending = this.#guard(() => this.#send());
  }

  /** Resolves when nothing waits to be sent, or cannot be. */
  async sent(): Promise<void> {
    await this.#sending;
  }

  /** Never rejects: the first failure of any part ends all of them and is kept for {@link run}; none that follows is. */
  async #guard(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!this.#ending.signal.aborted) this.#failure = error;
      this.end();
    }
  }

  #begin({ epoch, seq, lastId }: Reply): void {
    this.#epoch = epoch;
    this.#seq = seq;
    this.#position = lastId;
  }

  async #reconcile(): Promise<void> {
    const granted = await reconcile(this.#exchange);
    this.#reconciledAt = performance.now();
    if (granted > 0) this.#exchange.node.log.info('granted what other nodes saw', { addresses: granted });
  }

  async #send(): Promise<void> {
    this.#isSending = true;
    while (this.#pending.size > 0) {
      const logins = [...this.#pending.values()];
      this.#pending.clear();
      await this.#exchange.tell(logins);
      await this.#sendingPace.gather(logins.length);
    }
    this.#isSending = false; // after a failure it stays true: this session sends nothing more
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const pace = new Pace(signal);
    while (!signal.aborted) {
      const messages = await this.#link.read(this.#position);
      this.#hear(messages);
      if (messages.length > 0 && messages.length < READ_MESSAGES) await pace.gather(messages.length);
    }
  }

  #hear(messages: readonly Message[]): void {
    let shared: Shared[] = [];
    for (const message of messages) {
      this.#mustBeNext(message);
      const { news } = message;
      if (news !== undefined && 'member' in news && !this.#exchange.echoes.take(news.member, news.value))
        shared.push([news.member, news.value]);
      if (news === undefined || !('mark' in news)) continue;
      this.#take(shared); // in the stream's order
      shared = [];
      this.#exchange.bury([[news.mark, news.at]]);
    }
    this.#take(shared);
  }

  #take(shared: readonly Shared[]): void {
    for (const { address, user, service, expiresAt, node } of this.#exchange.take(shared)) {
      const until = new Date(expiresAt).toISOString();
      this.#exchange.node.log.info('granted', { address, user, service, until, node });
    }
  }

  #mustBeNext({ id, seq }: Message): void {
    if (seq !== this.#seq + 1) throw new LinkLost(`the stream went from message ${this.#seq} to ${seq}`);
    this.#seq = seq;
    this.#position = id;
    this.#lagMs = Math.max(0, this.#exchange.node.serverClock.latest() - Number.parseInt(id, 10));
  }

  async #beat(signal: AbortSignal): Promise<void> {
    for (;;) {
      await setTimeout(BEAT_MS, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      const heard = this.#seq; // what is heard while the answer is on its way, the answer need not know
      this.#mustBeTheSame(await this.#exchange.pulse(), heard);
      await this.#exchange.tellPurges();
      if (performance.now() - (this.#reconciledAt ?? 0) >= RECONCILE_MS) await this.#reconcile();
    }
  }

  #mustBeTheSame({ epoch, seq }: Reply, heard: number): void {
    if (epoch !== this.#epoch) throw new LinkLost('the namespace was emptied or begun anew');
    if (seq < heard) throw new LinkLost('the server lost messages');
    this.#unread = Math.max(0, seq - this.#seq);
  }
}
