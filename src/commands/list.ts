import { systemClock } from '../clock.ts';
import { formatDuration } from '../config/duration.ts';
import { EXIT } from '../errors.ts';
import type { Evidence, Login } from '../login/login.ts';
import { defineCommand } from './command.ts';
import { instantsOf, listingOptions, printListing } from './listing.ts';
import type { Column } from './table.ts';
import { withStoreToRead } from './with-store.ts';

/** `relaypass list`: one row for each user at each address, the newest login first. */
export const command = defineCommand(
  (argv) =>
    listingOptions(argv)
      .option('user', { type: 'string', requiresArg: true, describe: 'Only the addresses of this user' })
      .example('$0 list --user alice@example.org', 'where alice may send from')
      .example('$0 list --json', 'for another program')
      .epilog(
        'JSON: address, user, service, at, expiresAt, session, openSessions, evidence (by, source, pattern, line or name)',
      ),
  ({ config, user, ...args }) =>
    withStoreToRead(config, async ({ store }) => {
      const entries = user === undefined ? [...store.entries()] : store.entriesOfUser(user);
      const logins = entries
        .flatMap((entry) => entry.logins)
        .filter((login) => user === undefined || login.user.toLowerCase() === user.toLowerCase())
        .toSorted((a, b) => b.at - a.at);
      printListing(logins, loginColumns(instantsOf(args)), { ...args, empty: 'no address may relay now' });
      return EXIT.ok;
    }),
);

/** How logins are listed. */
export function loginColumns(instant: (at: number) => string): Column<Login>[] {
  const now = systemClock();
  return [
    { header: 'ADDRESS', cell: ({ address }) => address, isKey: true },
    { header: 'USER', cell: ({ user }) => user },
    { header: 'SERVICE', cell: ({ service }) => service },
    { header: 'LAST LOGIN', cell: ({ at }) => instant(at) },
    { header: 'LEFT', cell: (login) => leftOf(login, now), isKey: true },
    { header: 'SOURCE', cell: originOf },
  ];
}

function leftOf({ expiresAt, openSessions }: Login, now: number): string {
  const left = formatDuration(expiresAt - now);
  return openSessions === undefined ? left : `${left}, session open`;
}

function originOf({ evidence, node }: Login): string {
  const source = sourceOf(evidence);
  return node === undefined ? source : `${node}: ${source}`;
}

function sourceOf(evidence: Evidence): string {
  if (evidence.by === 'admin') return `granted by ${evidence.name}`;
  return evidence.by === 'log' ? evidence.source : `told by ${evidence.client}`;
}
