/** What `show` says to people of logins that failed. */
import type { Failure } from '../pattern/failures.ts';
import type { FailedLogins } from './failed-logins.ts';
import { fold, INDENT } from './fold.ts';
import { formatInstant, type Instants } from './listing.ts';
import type { Terminal } from './terminal.ts';

interface Options {
  readonly instant: Instants;
  readonly terminal: Terminal;
}

/** How many and since when, the newest of them, and the last one's line. */
export function renderFailedLogins(failed: FailedLogins, options: Options): string[] {
  const { last, unread } = failed;
  const lastLine = last.at(-1);
  return [
    ...fold(headline(failed), '', options),
    ...last.flatMap((failure) => fold(failureText(failure, options), INDENT, options)),
    ...(lastLine === undefined ? [] : fold(lineText(lastLine), INDENT + INDENT, options)),
    ...unread.flatMap(({ source, why }) => fold(`incomplete: ${source}: ${why}`, INDENT, options)),
  ];
}

function headline({ count, firstAt, last, since }: FailedLogins): string {
  if (firstAt === undefined) return `No failed login seen since ${formatInstant(since)}.`;
  const seen = `${count} failed ${count === 1 ? 'login' : 'logins'} seen since ${formatInstant(firstAt)}`;
  return count > last.length ? `${seen}, the last ${last.length}:` : `${seen}:`;
}

function failureText({ at, user, address, service, reason }: Failure, { instant }: Options): string {
  return `${instant(at)}: ${user ?? 'somebody'} at ${address}, ${service}: ${reason}`;
}

function lineText({ source, pattern, line }: Failure): string {
  return `${source}, pattern ${pattern}: ${line}`;
}
