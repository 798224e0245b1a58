/** The table of commands: what `--help`, the man page and the completions are made from. */
import type { ListedCommand } from './command.ts';

export const SUMMARY = 'Lets addresses that have just logged in over POP3 or IMAP relay mail for a while';

export const EXIT_STATUSES =
  'Exit status: 0, or one of sysexits(3): 64 usage, 65 not as expected, 69 does not work, 70 a bug in relaypass, ' +
  '73 cannot create, 74 I/O, 75 try again or warnings, 77 permission, 78 configuration.';

/** The commands, in the order of `--help` and relaypass(1). */
export const COMMANDS: readonly ListedCommand[] = [
  { usage: 'run', about: 'Run the daemon in the foreground', load: () => import('./run.ts') },
  { usage: 'status', about: 'Tell how all of it does, on one screen', load: () => import('./status.ts') },
  { usage: 'watch', about: 'Watch entries and events as they come', load: () => import('./watch.ts') },
  { usage: 'list', about: 'List the addresses that may relay now', load: () => import('./list.ts') },
  { usage: 'show [address]', about: 'Tell why an address may relay or not', load: () => import('./show.ts') },
  { usage: 'log', about: 'Tell what was granted, refused, expired, purged', load: () => import('./log.ts') },
  { usage: 'grant <address>', about: 'Let an address relay for a while', load: () => import('./grant.ts') },
  { usage: 'purge [target]', about: 'Take permissions away', load: () => import('./purge.ts') },
  { usage: 'sweep', about: 'Expire and publish without the daemon', load: () => import('./sweep.ts') },
  { usage: 'match [file]', about: 'Run the patterns over a log', load: () => import('./match.ts') },
  {
    usage: 'import <file>',
    about: 'Take over what an earlier system permits',
    load: () => import('./import.ts'),
  },
  { usage: 'check', about: 'Check configuration, permissions and MTA', load: () => import('./check.ts') },
  {
    usage: 'setup <mta>',
    about: 'Tie the map into Sendmail or Postfix',
    load: () => import('./setup.ts'),
  },
  { usage: 'config', about: 'Show the effective configuration', load: () => import('./config.ts') },
  {
    usage: 'completion <shell>',
    about: 'Print the completions for a shell',
    load: () => import('./completion.ts'),
  },
  { usage: 'support', about: 'Print what a helper needs, masked', load: () => import('./support.ts') },
  { usage: 'demo', about: 'Watch the daemon work on made-up logins', load: () => import('./demo.ts') },
];
