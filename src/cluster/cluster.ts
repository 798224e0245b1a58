/**
 * This host as a node of a cluster: holds a link to Redis or Valkey while there is one, and makes a new one for as long
 * as there is none. There are no roles: every node tells what it sees and permits what it knows. Without a link what is
 * known goes on until its own expiry, and logins here count here at once; they are told when the link is back.
 */
import { setTimeout } from 'node:timers/promises';
import type { ClusterConfig } from '../config/schema.ts';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { AdmissionRules } from '../login/admission.ts';
import type { Store } from '../store/store.ts';
import type { Access } from './access.ts';
import type { Node } from './exchange.ts';
import { Link, LinkLost } from './redis.ts';
import { ServerClock } from './server-clock.ts';
import { Session, type Progress } from './session.ts';
import { WallClock } from './wall-clock.ts';

export interface ClusterParts {
  readonly config: ClusterConfig;
  readonly access: Access;
  readonly store: Store;
  readonly rules: AdmissionRules;
  readonly clock: Clock;
  readonly log: Log;
  /** Called when other nodes' news have changed what is permitted here. */
  readonly onChanged: () => void;
  /** The store failed, or there is a bug: the process must end. */
  readonly onFailure: (error: unknown) => void;
}

/** What `status` and `check` tell of the link. */
export interface ClusterStatus extends Partial<Progress> {
  readonly node: string;
  /** `up` from the moment on that both sides agreed. */
  readonly link: 'up' | 'down';
  /** Why it is down. */
  readonly reason?: string;
  /** Since when it is what it is, epoch ms. */
  readonly since: number;
  /** The server's clock minus this host's; undefined before the first contact. */
  readonly clockDifferenceMs?: number;
}

const FIRST_PAUSE_MS = 200;
const MAX_PAUSE_MS = 3000; // with the connection's own limits: back within 10 s of the server

export class Cluster {
  readonly #parts: ClusterParts;
  readonly #node: Node;
  readonly #stopping = new AbortController();
  #running: Promise<void> = Promise.resolve();
  /** When the link was last known to work, of the monotonic clock. */
  #upAt = performance.now();
  /** Whether the store may hold what other nodes saw. */
  #holdsOthers = true;
  #session: Session | undefined;
  #state: Pick<ClusterStatus, 'link' | 'reason' | 'since'>;

  constructor(parts: ClusterParts) {
    this.#parts = parts;
    const { config, store, rules, clock, log, onChanged } = parts;
    const clocks = { wallClock: new WallClock(clock), serverClock: new ServerClock() };
    this.#node = { name: config.node, store, rules, log, onChanged, ...clocks };
    this.#state = { link: 'down', reason: 'not yet tried', since: clock() };
  }

  start(): void {
    this.#parts.store.shareWith((logins) => this.#session?.share(logins));
    this.#running = this.#keepLinked().catch(this.#parts.onFailure);
  }

  /** Tells what can still be told; the comparison after the next start tells the rest. Idempotent. */
  async stop(): Promise<void> {
    await this.#session?.sent();
    this.#stopping.abort();
    this.#session?.end();
    await this.#running;
  }

  status(): ClusterStatus {
    const { serverClock, wallClock, name } = this.#node;
    const earliest = serverClock.earliest();
    return {
      node: name,
      ...this.#state,
      ...this.#session?.progress(),
      ...(earliest > 0 && { clockDifferenceMs: Math.round((earliest + serverClock.latest()) / 2 - wallClock.now()) }),
    };
  }

  async #keepLinked(): Promise<void> {
    let pauseMs = FIRST_PAUSE_MS;
    while (!this.#stopping.signal.aborted) {
      const reason = await this.#linkOnce();
      if (reason === undefined) break;
      pauseMs = this.#state.link === 'up' ? FIRST_PAUSE_MS : Math.min(2 * pauseMs, MAX_PAUSE_MS);
      this.#becomeDown(reason);
      this.#endWhatIsStale();
      await setTimeout(pauseMs, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
    }
  }

  /** Why the link ended, undefined where that was meant. */
  async #linkOnce(): Promise<string | undefined> {
    try {
      const link = await Link.open(this.#parts.access);
      this.#session = new Session(this.#node, link);
      this.#holdsOthers = true;
      if (this.#stopping.signal.aborted) this.#session.end();
      await this.#session.run(() => this.#becomeUp());
      return undefined;
    } catch (error) {
      if (error instanceof LinkLost) return error.message;
      throw error;
    } finally {
      this.#session = undefined;
    }
  }

  #becomeUp(): void {
    const { log, config } = this.#parts;
    this.#state = { link: 'up', since: this.#node.wallClock.now() };
    log.info('joined the cluster', { namespace: config.namespace, node: config.node, ...this.#clockFacts() });
  }

  #clockFacts() {
    const { clockDifferenceMs } = this.status();
    return { clock_difference_ms: clockDifferenceMs };
  }

  #becomeDown(reason: string): void {
    const isNew = this.#state.link === 'up' || this.#state.reason === 'not yet tried';
    if (isNew) this.#parts.log.warn('lost the cluster', { reason });
    if (this.#state.link === 'up') this.#upAt = performance.now();
    this.#state = { link: 'down', reason, since: isNew ? this.#node.wallClock.now() : this.#state.since };
  }

  /** With `max_stale`, what others saw ends when for so long nobody could have taken it back. */
  #endWhatIsStale(): void {
    const { config, store, log, onChanged } = this.#parts;
    const { max_stale: maxStaleMs = Infinity } = config;
    if (!this.#holdsOthers || performance.now() - this.#upAt < maxStaleMs) return;
    this.#holdsOthers = false;
    const ended = store.purge({ remote: true });
    log.warn('ended what other nodes saw, after max_stale without the cluster', { logins: ended.length });
    onChanged();
  }
}
