/**
 * What the daemon's parts count as they work: plain numbers, kept over reloads, whether anybody asks for them or not.
 * Metrics and the daemon's report are made from them.
 */
import type { Login } from '../login/login.ts';
import type { PublishResult } from '../map/publish.ts';
import type { Notice } from '../source/source.ts';
import type { Outcome } from '../store/outcome.ts';

/** Numbers by name. */
export class Counts {
  readonly #counts = new Map<string, number>();

  add(name: string, more = 1): void {
    this.#counts.set(name, this.of(name) + more);
  }

  of(name: string): number {
    return this.#counts.get(name) ?? 0;
  }

  /** What was ever counted, and `names` in any case: a series that begins with its first event hides that event. */
  all(names: readonly string[] = []): (readonly [string, number])[] {
    return Array.from(new Set([...names, ...this.#counts.keys()]), (name) => [name, this.of(name)] as const);
  }
}

/** How a look-up was answered: `failed` where the request made no sense, `other` where it did not ask who may relay. */
export const VERDICTS = ['permitted', 'not-permitted', 'failed', 'other'] as const;

export type Verdict = (typeof VERDICTS)[number];

/** Notices that mean that a login may have been lost. */
export const LOSSES = ['line-too-long', 'lines-dropped-by-logger', 'data-lost'] as const satisfies Notice['kind'][];

/** One source's numbers. */
export interface SourceTally {
  lines: number;
  /** Lines that looked like a pattern's and were forged or damaged. */
  refusedLines: number;
  /** Lines, by the kind of {@link LOSSES}. */
  readonly dropped: Counts;
  /** When it was last read to its end, epoch milliseconds. */
  caughtUpAt: number;
  /** When the last login was logged, epoch milliseconds; undefined before the first. */
  lastLoginAt: number | undefined;
}

export class Tally {
  /** Logins that count, by pattern. */
  readonly logins = new Counts();
  /** Logins that do not, by the rule against them. */
  readonly refused = new Counts();
  /** Logins that let another address in. */
  granted = 0;
  /** Addresses whose time was up. */
  expired = 0;
  readonly sources = new Map<string, SourceTally>();
  /** By the map's file. */
  readonly mapFailures = new Counts();
  readonly lookups = new Map<string, Counts>();
  /** Whether the last reload took the configuration up, and when it was taken up last. */
  reload: { isGood: boolean; loadedAt: number };
  /** Told how long each map took to be published. */
  onPublished: (seconds: number) => void = () => undefined;

  constructor(now: number) {
    this.reload = { isGood: true, loadedAt: now };
  }

  source(id: string, now: number): SourceTally {
    const fresh = () => ({ lines: 0, refusedLines: 0, dropped: new Counts(), caughtUpAt: now, lastLoginAt: undefined });
    return getOrSet(this.sources, id, fresh);
  }

  /** Forgets every source but these: one that the configuration no longer names lags for ever. */
  keepSources(ids: readonly string[]): void {
    for (const id of this.sources.keys()) if (!ids.includes(id)) this.sources.delete(id);
  }

  lookup(protocol: string): Counts {
    return getOrSet(this.lookups, protocol, () => new Counts());
  }
}

/** Counts what became of `login` when it was recorded. */
export function countOutcome(tally: Tally, { evidence }: Login, outcome: Outcome | undefined): void {
  if (outcome === undefined || outcome.kind === 'unchanged') return;
  if (outcome.kind === 'refused') return tally.refused.add(outcome.cap);
  if (outcome.kind === 'granted') tally.granted++;
  tally.logins.add(evidence.by === 'log' ? evidence.pattern : evidence.by);
}

/** Counts how the attempts to publish maps end. */
export function countAttempt(tally: Tally) {
  return ({ file, outcome }: PublishResult, elapsedMs: number): void => {
    if (outcome === 'failed' || outcome === 'emptied') tally.mapFailures.add(file);
    if (outcome === 'published') tally.onPublished(elapsedMs / 1000);
  };
}

function getOrSet<V>(map: Map<string, V>, key: string, create: () => V): V {
  const value = map.get(key) ?? create();
  map.set(key, value);
  return value;
}
