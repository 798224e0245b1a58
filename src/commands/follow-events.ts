import { setTimeout } from 'node:timers/promises';
import type { Store } from '../store/store.ts';
import type { TrailEvent, TrailPosition } from '../store/trail.ts';

const LOOK_MS = 500; // soon enough for a person; a look reads the last record of each kind

/** The events that any process brings from `position` on, until `signal` aborts. */
export async function* followEvents(
  store: Store,
  position: TrailPosition,
  signal: AbortSignal,
): AsyncGenerator<readonly TrailEvent[]> {
  let after = position;
  while (!signal.aborted) {
    const news = store.events({ after });
    after = news.position;
    if (news.events.length > 0) yield news.events;
    await setTimeout(LOOK_MS, undefined, { signal }).catch(() => undefined);
  }
}

/** Aborts at Ctrl-C and SIGTERM: the ordinary ends of a command that follows. */
export function endOfWatching(): AbortController {
  const ending = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => ending.abort());
  return ending;
}
