import type { TrailEvent } from '../store/trail.ts';

/** What is known of an address or a user that somebody asks about. */
export interface Case {
  readonly permitted: boolean;
  readonly barred: string | undefined;
  readonly isInMaps: boolean;
  readonly events: readonly TrailEvent[];
  /** The command by which an admin grants it. */
  readonly command: string;
}

/** What would change the verdict; pure. */
export function adviceFor({ permitted, barred, isInMaps, events, command }: Case): string {
  if (permitted && barred !== undefined) return 'it ends when the daemon takes up its configuration: reload it';
  if (permitted && isInMaps) return 'it ends by itself, or with "relaypass purge"';
  if (permitted) return 'the maps do not agree with the store: run "relaypass sweep" and see why it fails';
  if (barred !== undefined) return `${barred}: only a change of [admission] in the configuration lets it`;
  const refused = events.findLast(({ kind }) => kind === 'refused');
  const remedy = refused === undefined ? undefined : REMEDIES[refused.reason ?? ''];
  return remedy ?? `a login over POP3 or IMAP, or "${command}"`;
}

const REMEDIES: Readonly<Record<string, string>> = {
  max_addresses_per_user:
    'the user has too many addresses: see "relaypass show --user", purge one, or raise admission.max_addresses_per_user',
  max_users_per_address: 'too many users are at that address: raise admission.max_users_per_address',
  max_entries: 'the store is full: raise admission.max_entries, or see "relaypass list" for what fills it',
  'server-address': 'the login came through a proxy: the log has to name the client itself',
  loopback: 'the login came through a proxy on this host: the log has to name the client itself',
  'never-user': 'the user is in never_users: another one has to log in there',
  stale: 'the login was read too late: see "relaypass status" for what holds the log up',
};
