import { EXIT, OperationalError } from '../errors.ts';
import { defineCommand } from './command.ts';
import { TRAIL_KINDS } from '../store/trail.ts';
import { eventColumns } from './event-columns.ts';
import { eventFilter } from './event-filter.ts';
import { endOfWatching, followEvents } from './follow-events.ts';
import { instantsOf, listingOptions, printListing } from './listing.ts';
import { instantOf } from './since.ts';
import { withStoreToRead } from './with-store.ts';

/** `relaypass log`: the audit trail, oldest first; with `--follow` also what happens from now on. */
export const command = defineCommand(
  (argv) =>
    listingOptions(argv)
      .option('since', {
        type: 'string',
        requiresArg: true,
        describe: 'How long back ("1h"), or from when on ("2026-11-24T12:00:00Z")',
      })
      .option('address', { type: 'string', requiresArg: true, describe: 'Only of this address or network' })
      .option('user', { type: 'string', requiresArg: true, describe: 'Only of this user' })
      .option('kind', {
        type: 'string',
        requiresArg: true,
        array: true,
        choices: TRAIL_KINDS,
        describe: 'Only events of this kind',
      })
      .option('follow', { alias: 'f', type: 'boolean', default: false, describe: 'Go on until Ctrl-C' })
      .example('$0 log --since 1h', 'what happened in the last hour')
      .example('$0 log --kind refused --user alice', 'what went wrong?')
      .example('$0 log --follow --jsonl', 'for another program')
      .epilog(
        'JSON: at, kind (granted, refreshed, refused, expired, purged), address, user, service, by, reason, detail, ' +
          'expiresAt, whileOpen',
      ),
  ({ config, since, follow, address, user, kind, ...args }) =>
    withStoreToRead(config, async ({ store }) => {
      if (follow && args.json) throw usage('--json is one array, which --follow never ends: use --jsonl');
      const isWanted = eventFilter({ address, user, kind });
      const columns = eventColumns(instantsOf({ absolute: follow ? true : args.absolute }));
      const { events: all, position } = store.events(since === undefined ? {} : { since: instantOf(since) });
      const events = all.filter(isWanted);
      if (!follow) {
        printListing(events, columns, { ...args, empty: 'nothing has happened' });
        return EXIT.ok;
      }
      const ending = endOfWatching();
      if (events.length > 0) printListing(events, columns, { ...args, empty: '' });
      for await (const news of followEvents(store, position, ending.signal)) {
        const wanted = news.filter(isWanted);
        if (wanted.length > 0) printListing(wanted, columns, { ...args, header: false, empty: '' });
      }
      return EXIT.ok;
    }),
);

function usage(message: string): OperationalError {
  return new OperationalError('usage', EXIT.usage, message);
}
