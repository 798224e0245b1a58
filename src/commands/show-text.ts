/** What `show` says to people: the verdict first, then what it rests on, then what would change it. */
import { formatDuration } from '../config/duration.ts';
import type { Evidence, Login } from '../login/login.ts';
import type { AddressVerdict, MapVerdict, UserVerdict } from '../status/verdict.ts';
import type { TrailEvent } from '../store/trail.ts';
import { eventColumns } from './event-columns.ts';
import type { FailedLogins } from './failed-logins.ts';
import { renderFailedLogins } from './failed-logins-text.ts';
import { fold, INDENT } from './fold.ts';
import { formatInstant } from './listing.ts';
import { renderTable } from './table.ts';
import { paint, type Terminal } from './terminal.ts';

export interface ShowOptions {
  readonly now: number;
  readonly graceMs: number;
  readonly instant: (at: number) => string;
  readonly terminal: Terminal;
}

/** Plain JSON, as `show ADDRESS --json` prints it. */
export interface AddressAnswer extends AddressVerdict {
  /** Where there is no entry. */
  readonly failures?: FailedLogins;
  /** What permits those who failed there from other addresses. */
  readonly elsewhere?: readonly Login[];
}

/** Plain JSON, as `show --user U --json` prints it. */
export interface UserAnswer extends UserVerdict {
  readonly failures: FailedLogins;
}

export function renderAddress(verdict: AddressAnswer, options: ShowOptions): string[] {
  const { entry, maps, failures, elsewhere } = verdict;
  return [
    ...headline(addressHeadline(verdict, options), verdict.permitted, options),
    ...(entry?.logins ?? []).flatMap((login) => renderLogin(login, options)),
    ...maps.flatMap((map) => fold(mapText(map), INDENT, options)),
    ...(failures === undefined ? [] : renderFailedLogins(failures, options)),
    ...(elsewhere ?? []).flatMap((login) => fold(elsewhereText(login), INDENT, options)),
    ...ending(verdict, options),
  ];
}

export function renderUser(verdict: UserAnswer, options: ShowOptions): string[] {
  const { logins, failures } = verdict;
  return [
    ...headline(userHeadline(verdict), verdict.permitted, options),
    ...logins.flatMap((login) => renderLogin(login, options)),
    ...renderFailedLogins(failures, options),
    ...ending(verdict, options),
  ];
}

function addressHeadline({ address, entry, barred }: AddressVerdict, { now, graceMs }: ShowOptions): string {
  if (entry !== undefined)
    return `${address} may relay for ${formatDuration(entry.expiresAt - now)}${untilReload(barred)}.`;
  if (barred !== undefined) return `${address} has no entry, and gets none: ${barred}.`;
  return `${address} may not relay: no login within ${formatDuration(graceMs)}.`;
}

function userHeadline({ user, logins, maxAddresses, barred }: UserVerdict): string {
  if (logins.length > 0)
    return `${user} may relay from ${logins.length} of at most ${maxAddresses} addresses${untilReload(barred)}.`;
  return barred === undefined ? `${user} may relay from nowhere.` : `${user} may relay from nowhere: ${barred}.`;
}

/** Only a daemon that has not taken up its configuration keeps what that bars. */
function untilReload(barred: string | undefined): string {
  return barred === undefined ? '' : `, though only until the daemon is reloaded: ${barred}`;
}

function headline(text: string, permitted: boolean, options: ShowOptions): string[] {
  return fold(text, '', options).map((line) => paint(line, permitted ? 'good' : 'bad', options.terminal));
}

function renderLogin(login: Login, options: ShowOptions): string[] {
  const { address, user, service, at, expiresAt, openSessions, node } = login;
  const until = `${openSessions === undefined ? 'until' : 'session open, until at most'} ${formatInstant(expiresAt)}`;
  const where = node === undefined ? '' : `on ${node}, `;
  return [
    ...fold(`${user} at ${address}: ${service} login at ${formatInstant(at)}, ${until}`, INDENT, options),
    ...fold(`${where}${reasonFor(login.evidence)}`, INDENT + INDENT, options),
  ];
}

function elsewhereText({ user, address, service, at }: Login): string {
  return `${user} may relay from ${address}: ${service} login at ${formatInstant(at)}`;
}

function reasonFor(why: Evidence): string {
  if (why.by === 'admin') return `granted by ${why.name}`;
  if (why.by === 'whoson') return `told over whoson by ${why.client}`;
  return `${why.source}, pattern ${why.pattern}: ${why.line}`;
}

function mapText({ file, holds }: MapVerdict): string {
  if (typeof holds === 'string') return `map: ${holds}`;
  return `map ${file}: ${holds ? 'permits it' : 'does not permit it'}`;
}

interface Ending {
  readonly permitted: boolean;
  readonly events: readonly TrailEvent[];
  readonly advice: string;
}

function ending({ permitted, events, advice }: Ending, options: ShowOptions): string[] {
  return [
    ...fold(`What would change it: ${advice}.`, '', options),
    ...(events.length === 0 ? [] : [permitted ? 'Last seen:' : 'No entry; last seen:']),
    ...renderEvents(events, options),
  ];
}

function renderEvents(events: readonly TrailEvent[], { instant, terminal }: ShowOptions): string[] {
  const columns = terminal.columns === undefined ? undefined : terminal.columns - INDENT.length;
  const lines = renderTable(events, eventColumns(instant), { hasHeader: false, terminal: { ...terminal, columns } });
  return lines.map((line) => INDENT + line);
}
