/** `relaypass watch`: entries and events as they come; on a terminal like top(1), elsewhere as plain lines. */
import { setTimeout } from 'node:timers/promises';
import { systemClock } from '../clock.ts';
import { EXIT } from '../errors.ts';
import { daemonStatus } from '../status/host-status.ts';
import type { Store } from '../store/store.ts';
import type { TrailEvent, TrailPosition } from '../store/trail.ts';
import { defineCommand, print } from './command.ts';
import { eventColumns } from './event-columns.ts';
import { endOfWatching, followEvents } from './follow-events.ts';
import { loginColumns } from './list.ts';
import { formatInstant } from './listing.ts';
import { Screen } from './screen.ts';
import { renderTable } from './table.ts';
import { terminalOf } from './terminal.ts';
import { renderFrame } from './watch-frame.ts';
import { withStoreToRead } from './with-store.ts';

const DRAW_EVERY_MS = 1000; // the time left is told in seconds
const SHARE = 10; // a store that takes long to read is read less often: a tenth of the time at most
const EVENTS_KEPT = 200; // more than a terminal has rows

export const command = defineCommand(
  (argv) => argv.example('$0 watch', 'until q or Ctrl-C').example('$0 watch | tee watched', 'plain lines, for a file'),
  ({ config }) =>
    withStoreToRead(config, async ({ store }) => {
      const ending = endOfWatching();
      if (terminalOf().isTerminal) await watchOnScreen(store, ending);
      else await watchAsLines(store, ending.signal);
      return EXIT.ok;
    }),
);

async function watchOnScreen(store: Store, ending: AbortController): Promise<void> {
  let wake = new AbortController();
  const screen = new Screen({
    pressed: (key) => {
      if (key === 'q' || key === 'Q' || key === '\u0003') ending.abort();
    },
    resized: () => wake.abort(),
  });
  ending.signal.addEventListener('abort', () => wake.abort());
  const events = new RecentEvents(store);
  screen.start();
  try {
    while (!ending.signal.aborted) {
      wake = new AbortController();
      const beganAt = systemClock();
      screen.draw(picture(store, events, screen));
      const pauseMs = Math.max(DRAW_EVERY_MS, SHARE * (systemClock() - beganAt));
      await setTimeout(pauseMs, undefined, { signal: wake.signal }).catch(() => undefined);
    }
  } finally {
    screen.stop();
  }
}

function picture(store: Store, events: RecentEvents, { size }: Screen): string[] {
  const entries = [...store.entries()];
  return renderFrame({
    now: systemClock(),
    daemon: daemonStatus(store),
    logins: entries.flatMap(({ logins }) => logins).toSorted((a, b) => b.at - a.at),
    addresses: entries.length,
    events: events.read(),
    terminal: terminalOf(),
    ...size,
  });
}

/** The last events, read on from where the last look ended. */
class RecentEvents {
  readonly #store: Store;
  #events: readonly TrailEvent[] = [];
  #after: TrailPosition = new Map();

  constructor(store: Store) {
    this.#store = store;
  }

  read(): readonly TrailEvent[] {
    const { events, position } = this.#store.events({ after: this.#after });
    this.#after = position;
    this.#events = [...this.#events, ...events].slice(-EVENTS_KEPT);
    return this.#events;
  }
}

async function watchAsLines(store: Store, signal: AbortSignal): Promise<void> {
  const { position } = store.events();
  const logins = [...store.entries()].flatMap((entry) => entry.logins);
  const options = { hasHeader: false, terminal: terminalOf() };
  for (const line of renderTable(logins, loginColumns(formatInstant), options)) print(line);
  for await (const news of followEvents(store, position, signal)) {
    for (const line of renderTable(news, eventColumns(formatInstant), options)) print(line);
  }
}
