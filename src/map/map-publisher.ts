/**
 * Keeps one map true to the store: attempts that never overlap, the fence, and what happens when an attempt fails.
 * See publish.ts for the rules.
 */
import { existsSync, unwatchFile, utimesSync, watchFile } from 'node:fs';
import path from 'node:path';
import type { Clock } from '../clock.ts';
import { rateLimited, type Log } from '../log.ts';
import type { Address } from '../login/address.ts';
import { NO_BASE, readBase, type Base } from './base.ts';
import type { MapBuilder } from './build.ts';
import { syncFolder } from './durable.ts';
import { asMapError, MapError } from './map-error.ts';
import { postmapTakes } from './mta-tool.ts';
import { withoutCovered } from './merge.ts';
import { renderMap } from './render.ts';
import { hasDateOf, isStandIn, prepareStandIn, putMap, putStandIn } from './stand-in.ts';
import type { MapTarget } from './target.ts';

/** What a publisher needs of the store. */
export interface MapStore {
  /** What is permitted now: what has expired is gone from it, and counted as gone. */
  snapshot(): Snapshot;
  /** When an address expires, epoch milliseconds. */
  entry(address: Address): { readonly expiresAt: number } | undefined;
  /** Runs `replace` unless a newer generation is published, in one transaction with the note of what stands then. */
  fence(file: string, generation: number, replace: () => void): 'published' | 'stale';
  published(file: string): PublishedMap | undefined;
}

/** The addresses that are permitted now. */
export interface Snapshot {
  /** Grows whenever an address comes or goes. */
  readonly generation: number;
  /** The generation in which an address last went: a map of that or a later one permits nobody whose time is up. */
  readonly lastRemoval: number;
  readonly addresses: readonly Address[];
}

/** What the store noted when a map was put in place. */
interface PublishedMap {
  readonly generation: number;
  /** Whether the file is still that one. */
  readonly intact: boolean;
}

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
}

const MAX_RETRY_MS = 10_000; // a request waits for the next try, and may be to take away an address past its time
const BASE_POLL_MS = 2000; // a stat each; an editor's rename is seen as well
const REPORT_INTERVAL_MS = 60_000;

/** One map's attempts, one at a time. */
export class MapPublisher {
  readonly #target: MapTarget;
  readonly #options: MapPublisherOptions;
  readonly #warn: ReturnType<typeof rateLimited>;
  /** Settles when the last attempt that was asked for has ended. */
  #last: Promise<unknown> = Promise.resolve();
  /** The attempt that has not begun, for all who ask in the meantime. */
  #waiting: Promise<PublishResult> | undefined;
  /** As last read. */
  #base: Base = NO_BASE;
  readonly #onBase = (): void => this.request();
  #rebuild = false;
  #retry: NodeJS.Timeout | undefined;
  #failures = 0;
  #stopped = false;

  constructor(options: MapPublisherOptions) {
    this.#target = options.target;
    this.#options = options;
    this.#warn = rateLimited(options.log, options.clock, REPORT_INTERVAL_MS);
  }

  /** Publishes whenever the base changes, until {@link stop}. */
  start(): void {
    const { base } = this.#target;
    if (base !== undefined) watchFile(base, { interval: BASE_POLL_MS, persistent: false }, this.#onBase);
  }

  rebuild(): Promise<PublishResult> {
    this.#rebuild = true;
    return this.publish();
  }

  publish(): Promise<PublishResult> {
    if (this.#waiting !== undefined) return this.#waiting;
    const attempt = this.#last.then(() => {
      this.#waiting = undefined;
      return this.#timedAttempt();
    });
    this.#waiting = attempt;
    this.#last = attempt.catch(() => undefined); // told to whoever asked
    return attempt;
  }

  request(): void {
    if (this.#stopped || this.#retry !== undefined) return; // the next try brings it
    this.#publishUnattended();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#target.base !== undefined) unwatchFile(this.#target.base, this.#onBase);
    this.#forgetRetry();
    await this.#last;
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
    const snapshot = this.#options.store.snapshot();
    try {
      await this.#readBase();
      await prepareStandIn(this.#target, this.#base, this.#options.builder); // what is published can be emptied
      const outcome = !rebuild && this.#isTrue(snapshot) ? 'unchanged' : await this.#replace(snapshot);
      this.#succeeded();
      return this.#result(outcome, snapshot);
    } catch (error) {
      this.#rebuild ||= rebuild;
      return this.#failed(this.#reasonOf(error));
    }
  }

  async #readBase(): Promise<void> {
    this.#base = await readBase(this.#target);
    const { complaint } = this.#base;
    if (complaint === undefined) return;
    this.#warn('base', "map was merged with the last good state of the admin's source", { reason: complaint });
  }

  #isTrue({ generation }: Snapshot): boolean {
    const { base, file } = this.#target;
    if (isStandIn(this.#target, this.#base) || (base !== undefined && !hasDateOf(this.#base, file))) return false;
    const published = this.#options.store.published(file);
    return published !== undefined && published.intact && published.generation === generation;
  }

  async #replace({ generation, addresses }: Snapshot): Promise<'published' | 'stale'> {
    const expiryOf = (address: Address) => this.#options.store.entry(address)?.expiresAt ?? this.#options.clock();
    const { form, base, builder } = this.#target;
    const ours = renderMap(form, withoutCovered(this.#base.rows, form, addresses), expiryOf);
    const taken = builder === 'postmap' ? ours.filter(({ key }) => postmapTakes(key)) : ours;
    const built = await this.#options.builder(this.#target, [...this.#base.rows, ...taken]);
    try {
      if (base !== undefined) utimesSync(built.file, this.#base.date, this.#base.date);
      return this.#putInPlace(generation, () => putMap(this.#target, built.file));
    } finally {
      await built.remove();
    }
  }

  #putInPlace(generation: number, put: () => void): 'published' | 'stale' {
    const { file } = this.#target;
    return this.#options.store.fence(file, generation, () => {
      put();
      syncFolder(path.dirname(file));
    });
  }

  #succeeded(): void {
    if (this.#failures > 0) this.#options.log.info('map was published again', { map: this.#target.file });
    this.#failures = 0;
  }

  #failed(reason: string): PublishResult {
    this.#warn('failed', 'map was not published, and will be tried again', { reason });
    this.#tryLater();
    const snapshot = this.#options.store.snapshot(); // the build may have taken its time
    try {
      const outcome = this.#mayPermitExpired(snapshot) ? this.#empty(snapshot) : 'failed';
      return this.#result(outcome, snapshot, reason);
    } catch (error) {
      const second = this.#reasonOf(error);
      this.#options.log.error('map could permit addresses whose time is up, and could not be emptied', {
        reason: second,
      });
      return this.#result('failed', snapshot, `${reason}; ${second}`);
    }
  }

  #empty({ generation }: Snapshot): 'emptied' | 'stale' {
    if (this.#putInPlace(generation, () => putStandIn(this.#target, this.#base)) === 'stale') return 'stale';
    const facts = { map: this.#target.file };
    this.#options.log.error('map was emptied, since it could permit addresses whose time is up', facts);
    return 'emptied';
  }

  /** Why this map failed; throws what is no failure of a map. */
  #reasonOf(thrown: unknown): string {
    const error = asMapError(this.#target, 'cannot be published', thrown);
    if (error instanceof MapError) return error.message;
    throw error;
  }

  /** In doubt it does: a file that is not the one noted, or a map from before an address last went. */
  #mayPermitExpired({ lastRemoval }: Snapshot): boolean {
    if (!existsSync(this.#target.file) || isStandIn(this.#target, this.#base)) return false;
    const published = this.#options.store.published(this.#target.file);
    return published === undefined || !published.intact || published.generation < lastRemoval;
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

  #result(outcome: PublishOutcome, { addresses }: Snapshot, reason?: string): PublishResult {
    return { file: this.#target.file, outcome, addresses: addresses.length, reason };
  }
}
