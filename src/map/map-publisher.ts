/** Keeps one map true to the store: attempts that never overlap, and what happens when one fails. See publish.ts. */
import { unwatchFile, watchFile } from 'node:fs';
import type { Clock } from '../clock.ts';
import { rateLimited, type Log } from '../log.ts';
import type { SetState } from '../store/permitted-set.ts';
import { othersFirst } from '../turn.ts';
import type { MapAmender } from './amend.ts';
import type { MapBuilder } from './build.ts';
import { asMapError, MapError } from './map-error.ts';
import type { MapStore } from './map-store.ts';
import { StandingMap } from './standing-map.ts';
import type { MapTarget } from './target.ts';

/**
 * How one attempt ended. `stale`: another process has published something newer. `failed`: the map that stands is the
 * last good one. `emptied`: an empty map stands.
 */
export type PublishOutcome = 'published' | 'unchanged' | 'stale' | 'failed' | 'emptied';

export interface PublishResult {
  readonly file: string;
  readonly outcome: PublishOutcome;
  /** How many addresses the store permits. */
  readonly addresses: number;
  /** What went wrong, for `failed` and `emptied`. */
  readonly reason: string | undefined;
}

export interface MapPublisherOptions {
  readonly store: MapStore;
  readonly target: MapTarget;
  readonly builder: MapBuilder;
  /** Makes small changes in a copy of what stands. @default each change builds the map anew */
  readonly amender?: MapAmender | undefined;
  readonly log: Log;
  readonly clock: Clock;
  /**
   * Hears of what an attempt that nobody waits for has thrown: the store's failure, or a bug.
   * @default the process ends of it, as of every unhandled rejection
   */
  readonly onFailure?: (error: unknown) => void;
  /** Hears how each attempt ended, and how long it took. */
  readonly onAttempt?: (result: PublishResult, elapsedMs: number) => void;
  /** The first pause after a failure; it doubles up to ten seconds. @default 1000 */
  readonly retryMs?: number;
  /** How often a map is looked at while nothing changes. @default a minute */
  readonly lookMs?: number;
}

const MAX_RETRY_MS = 10_000; // a request waits for the next try, and may be to take away an address past its time
const BASE_POLL_MS = 2000; // a stat each; an editor's rename is seen as well
const REPORT_INTERVAL_MS = 60_000;
const LOOK_MS = 60_000; // a few stats; what is an hour old, or was overwritten, is built anew

/** One map's attempts, one at a time. */
export class MapPublisher {
  readonly #target: MapTarget;
  readonly #options: MapPublisherOptions;
  readonly #warn: ReturnType<typeof rateLimited>;
  readonly #map: StandingMap;
  /** Settles when the last attempt that was asked for has ended. */
  #last: Promise<unknown> = Promise.resolve();
  /** The attempt that has not begun, for all who ask in the meantime. */
  #waiting: Promise<PublishResult> | undefined;
  readonly #onChance = (): void => this.request();
  /** Attempts that have not ended. */
  #due = 0;
  #rebuild = false;
  #retry: NodeJS.Timeout | undefined;
  #look: NodeJS.Timeout | undefined;
  #failures = 0;
  #stopped = false;

  constructor(options: MapPublisherOptions) {
    this.#target = options.target;
    this.#options = options;
    this.#warn = rateLimited(options.log, options.clock, REPORT_INTERVAL_MS);
    const onTrouble = (what: string, reason: string) => this.#warn(what, what, { reason });
    this.#map = new StandingMap({ ...options, onTrouble });
  }

  /** Publishes whenever the base changes, or the map is no more the one that it was, until {@link stop}. */
  start(): void {
    const { base } = this.#target;
    this.#look = setInterval(this.#onChance, this.#options.lookMs ?? LOOK_MS).unref();
    if (base !== undefined) watchFile(base, { interval: BASE_POLL_MS, persistent: false }, this.#onChance);
  }

  rebuild(): Promise<PublishResult> {
    this.#rebuild = true;
    return this.publish();
  }

  publish(): Promise<PublishResult> {
    if (this.#waiting !== undefined) return this.#waiting;
    this.#due += 1;
    const attempt = this.#last
      .then(async () => {
        await othersFirst();
        this.#waiting = undefined;
        return this.#timedAttempt();
      })
      .finally(() => (this.#due -= 1));
    this.#waiting = attempt;
    this.#last = attempt.catch(() => undefined); // told to whoever asked
    return attempt;
  }

  request(): void {
    if (this.#stopped || this.#retry !== undefined) return; // the next try brings it
    this.#publishUnattended();
  }

  get isSettled(): boolean {
    return this.#failures === 0 && this.#due === 0;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#look);
    if (this.#target.base !== undefined) unwatchFile(this.#target.base, this.#onChance);
    this.#forgetRetry();
    await this.#last;
    await this.#map.close();
  }

  async #timedAttempt(): Promise<PublishResult> {
    const beganAt = performance.now();
    const result = await this.#attempt();
    this.#options.onAttempt?.(result, performance.now() - beganAt);
    return result;
  }

  async #attempt(): Promise<PublishResult> {
    this.#forgetRetry();
    const rebuild = this.#rebuild;
    this.#rebuild = false;
    try {
      const renewal = await this.#map.renew(rebuild ? 'all' : 'what has changed');
      this.#succeeded();
      return this.#result(renewal);
    } catch (error) {
      this.#rebuild ||= rebuild;
      return this.#failed(this.#reasonOf(error));
    }
  }

  #succeeded(): void {
    if (this.#failures > 0) this.#options.log.info('map was published again', { map: this.#target.file });
    this.#failures = 0;
  }

  #failed(reason: string): PublishResult {
    this.#warn('failed', 'map was not published, and will be tried again', { reason });
    this.#tryLater();
    const state = this.#options.store.setState(); // the build may have taken its time
    try {
      const outcome = this.#map.mayPermitExpired(state) ? this.#empty(state) : 'failed';
      return this.#result({ outcome, size: state.size }, reason);
    } catch (error) {
      const second = this.#reasonOf(error);
      this.#options.log.error('map could permit addresses whose time is up, and could not be emptied', {
        reason: second,
      });
      return this.#result({ outcome: 'failed', size: state.size }, `${reason}; ${second}`);
    }
  }

  #empty(state: SetState): 'emptied' | 'stale' {
    const outcome = this.#map.empty(state);
    const facts = { map: this.#target.file };
    if (outcome === 'emptied')
      this.#options.log.error('map was emptied, since it could permit addresses whose time is up', facts);
    return outcome;
  }

  /** Why this map failed; throws what is no failure of a map. */
  #reasonOf(thrown: unknown): string {
    const error = asMapError(this.#target, 'cannot be published', thrown);
    if (error instanceof MapError) return error.message;
    throw error;
  }

  #tryLater(): void {
    const delayMs = Math.min((this.#options.retryMs ?? 1000) * 2 ** this.#failures, MAX_RETRY_MS);
    this.#failures += 1;
    if (this.#stopped) return;
    this.#retry = setTimeout(() => this.#publishUnattended(), delayMs);
  }

  #publishUnattended(): void {
    void this.publish().catch(this.#options.onFailure);
  }

  #forgetRetry(): void {
    clearTimeout(this.#retry);
    this.#retry = undefined;
  }

  #result({ outcome, size }: { outcome: PublishOutcome; size: number }, reason?: string): PublishResult {
    return { file: this.#target.file, outcome, addresses: size, reason };
  }
}
