import { systemClock } from '../clock.ts';
import { formatDuration } from '../config/duration.ts';
import { EXIT } from '../errors.ts';
import type { Login } from '../login/login.ts';
import { defineCommand, print, printJson } from './command.ts';
import { renderTable } from './table.ts';
import { withStore } from './with-store.ts';

/** `relaypass list`: one row for each user at each address, the newest login first. */
export const command = defineCommand(
  (argv) =>
    argv
      .option('user', { type: 'string', describe: 'Only the addresses of this user' })
      .option('json', { type: 'boolean', default: false, describe: 'Print JSON' })
      .example('$0 list --user alice@example.org', 'where alice may send from'),
  ({ config, user, json }) =>
    withStore(config, async ({ store }) => {
      const logins = [...store.entries()]
        .flatMap((entry) => entry.logins)
        .filter((login) => user === undefined || login.user === user)
        .toSorted((a, b) => b.at - a.at);
      if (json) printJson(logins);
      else print(render(logins, systemClock()));
      return EXIT.ok;
    }),
);

function render(logins: readonly Login[], now: number): string {
  if (logins.length === 0) return 'no address may relay now';
  const rows = logins.map((login) => [
    login.address,
    login.user,
    login.service,
    new Date(login.at).toISOString(),
    formatDuration(login.expiresAt - now),
    origin(login),
  ]);
  return renderTable(['ADDRESS', 'USER', 'SERVICE', 'LAST LOGIN', 'LEFT', 'SOURCE'], rows);
}

function origin({ evidence }: Login): string {
  if (evidence.by === 'admin') return `granted by ${evidence.name}`;
  return evidence.by === 'log' ? evidence.source : `told by ${evidence.client}`;
}
