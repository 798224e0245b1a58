/**
 * The audit trail: what happened to whom, and why. An event is committed with what it tells, or neither is.
 *
 *     trail  [kind, number of the last]  -> the events of one change, {@link EVENTS_A_RECORD} at most
 *
 * Limits: each kind keeps its last {@link EVENTS_A_KIND} events, so that a flood of one pushes out none of another. A
 * refusal that repeats is told once in ten minutes by each process, and of a client that comes again and again the
 * first refresh in ten minutes (recorder.ts).
 */
import * as z from 'zod';
import type { Clock } from '../clock.ts';
import { oncePer } from '../limiter.ts';
import type { Environment, Key } from './lmdb.ts';
import { Records } from './records.ts';

/** What can happen to a permission; events of one instant are told in this order. */
export const TRAIL_KINDS = ['expired', 'purged', 'refused', 'granted', 'refreshed'] as const;

type TrailKind = (typeof TRAIL_KINDS)[number];

/** How many events of each kind are kept: some 10,000 in all, of a few hundred bytes each. */
export const EVENTS_A_KIND = 2000;
/** A sweep that ends a thousand entries writes ten records, and a login that reads the last one reads no thousand. */
const EVENTS_A_RECORD = 100;
const REFUSAL_EVERY_MS = 600_000;
const MAX_TEXT = 255; // of what a client wrote

const text = z.string().transform((value) => value.slice(0, MAX_TEXT));
const eventSchema = z.object({
  /** When it happened, epoch milliseconds. */
  at: z.int(),
  kind: z.enum(TRAIL_KINDS),
  /** As the log has it where it was refused for being none: untrusted text. */
  address: text,
  user: text,
  service: text,
  /** The admin who granted or purged. */
  by: z.string().optional(),
  /** Why it was refused, or purged when the rules had changed: a {@link Refusal} of admission, or the option of `[admission]` that set the limit. */
  reason: z.string().optional(),
  /** What the reason is about. */
  detail: text.optional(),
  /** Until when it permits, epoch milliseconds. */
  expiresAt: z.int().optional(),
  /** That instant is moved on as long as the session stays open that the login has begun. */
  whileOpen: z.literal(true).optional(),
});

export type TrailEvent = Readonly<z.output<typeof eventSchema>>;

/** The number of the last event of each kind. */
export type TrailPosition = ReadonlyMap<TrailKind, number>;

/** Which events to read: all of them by default. */
export interface TrailQuery {
  /** Those from this instant on, epoch milliseconds. */
  readonly since?: number;
  /** Those that came after. */
  readonly after?: TrailPosition;
}

export class Trail {
  readonly #records: Records;
  readonly #isDue: (key: string) => boolean;

  constructor(environment: Environment, clock: Clock) {
    this.#records = new Records(environment.table('trail'));
    this.#isDue = oncePer(REFUSAL_EVERY_MS, clock);
  }

  append(events: readonly TrailEvent[]): void {
    const news = new Map<TrailKind, TrailEvent[]>();
    for (const event of events) {
      if (!this.#isNews(event)) continue;
      const known = news.get(event.kind);
      if (known === undefined) news.set(event.kind, [event]);
      else known.push(event);
    }
    for (const [kind, some] of news) this.#put(kind, some.slice(-EVENTS_A_KIND));
  }

  #isNews({ kind, reason, user, address }: TrailEvent): boolean {
    return kind !== 'refused' || this.#isDue(`${reason} ${user} ${address}`);
  }

  #put(kind: TrailKind, events: readonly TrailEvent[]): void {
    let number = this.#lastNumber(kind);
    for (let first = 0; first < events.length; first += EVENTS_A_RECORD) {
      const some = events.slice(first, first + EVENTS_A_RECORD);
      number += some.length;
      this.#records.put([kind, number], some);
    }
    this.#forget(kind, number - EVENTS_A_KIND);
  }

  #forget(kind: TrailKind, number: number): void {
    const past: Key[] = []; // a cursor must not meet the writes
    for (const key of this.#records.keys([kind])) {
      if (Number(key[1]) > number) break;
      past.push(key);
    }
    for (const key of past) this.#records.remove(key);
  }

  #lastNumber(kind: TrailKind): number {
    return Number(this.#records.lastKey([kind])?.[1] ?? 0);
  }

  read({ since = -Infinity, after = new Map() }: TrailQuery): { events: TrailEvent[]; position: TrailPosition } {
    const events = TRAIL_KINDS.flatMap((kind) => this.#after(kind, after.get(kind) ?? 0));
    const position = new Map(TRAIL_KINDS.map((kind) => [kind, this.#lastNumber(kind)]));
    return { events: events.filter(({ at }) => at >= since).toSorted((a, b) => a.at - b.at), position };
  }

  /** The last events of `kind` behind the one of `number`, without the damaged ones. */
  #after(kind: TrailKind, number: number): TrailEvent[] {
    const records: TrailEvent[][] = [];
    let behind = 0;
    for (const [key, value] of this.#records.reversed([kind])) {
      const last = Number(key[1]);
      if (last <= number || behind >= EVENTS_A_KIND) break;
      const events = [value].flat().slice(number - last); // one that is no array is of a version that wrote them singly
      records.push(events.flatMap((event) => eventSchema.safeParse(event).data ?? []));
      behind += events.length;
    }
    return records.toReversed().flat().slice(-EVENTS_A_KIND);
  }
}
