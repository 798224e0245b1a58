import { systemClock } from '../clock.ts';
import { parseDuration } from '../config/duration.ts';
import { EXIT, OperationalError } from '../errors.ts';
import { defineCommand } from './command.ts';
import { eventColumns } from './event-columns.ts';
import { endOfWatching, followEvents } from './follow-events.ts';
import { instantsOf, listingOptions, printListing } from './listing.ts';
import { withStoreToRead } from './with-store.ts';

/** `relaypass log`: the audit trail, oldest first; with `--follow` also what happens from now on. */
export const command = defineCommand(
  (argv) =>
    listingOptions(argv)
      .option('since', { type: 'string', describe: 'How long back ("1h"), or from when on ("2026-11-24T12:00:00Z")' })
      .option('follow', { alias: 'f', type: 'boolean', default: false, describe: 'Go on until Ctrl-C' })
      .example('$0 log --since 1h', 'what happened in the last hour')
      .example('$0 log --follow --jsonl', 'for another program')
      .epilog('JSON: at, kind (granted, refreshed, refused, expired, purged), address, user, service, by, reason, ...'),
  ({ config, since, follow, ...args }) =>
    withStoreToRead(config, async ({ store }) => {
      if (follow && args.json) throw usage('--json is one array, which --follow never ends: use --jsonl');
      const columns = eventColumns(instantsOf({ absolute: follow ? true : args.absolute }));
      const { events, position } = store.events(since === undefined ? {} : { since: instantOf(since) });
      if (!follow) {
        printListing(events, columns, { ...args, empty: 'nothing has happened' });
        return EXIT.ok;
      }
      const ending = endOfWatching();
      if (events.length > 0) printListing(events, columns, { ...args, empty: '' });
      for await (const news of followEvents(store, position, ending.signal)) {
        printListing(news, columns, { ...args, header: false, empty: '' });
      }
      return EXIT.ok;
    }),
);

function instantOf(text: string): number {
  const agoMs = parseDuration(text);
  const at = agoMs === undefined ? Date.parse(text) : systemClock() - agoMs;
  if (!Number.isNaN(at)) return at;
  throw usage(`--since: expected a duration such as "1h" or an instant, found "${text}"`);
}

function usage(message: string): OperationalError {
  return new OperationalError('usage', EXIT.usage, message);
}
