import { systemClock } from '../clock.ts';
import { EXIT, OperationalError } from '../errors.ts';
import { escapeControls } from '../log.ts';
import { parseAddress } from '../login/address.ts';
import type { Login } from '../login/login.ts';
import { parseNetwork } from '../login/network.ts';
import type { Selector } from '../store/selector.ts';
import { adminName } from './admin-name.ts';
import { addressMark, EVERYTHING, networkMark, userMark, type Tombstone } from '../store/tombstones.ts';
import { confirm } from './confirm.ts';
import { defineCommand, print } from './command.ts';
import { jsonOptions, printRows, type JsonArgs } from './json-rows.ts';
import { publishAndTell } from './tell-nodes.ts';
import { withStoreToPurge } from './with-store.ts';

interface PurgeArgs extends JsonArgs {
  readonly target: string | undefined;
  readonly user: string | undefined;
  readonly expired: boolean;
  readonly all: boolean;
  readonly yes: boolean;
}

/** `relaypass purge`: takes permissions away and publishes the maps before it returns. */
export const command = defineCommand(
  (argv) =>
    jsonOptions(argv)
      .positional('target', { type: 'string', describe: 'Client address or network' })
      .option('user', { type: 'string', requiresArg: true, describe: 'What this user has, wherever he is' })
      .option('expired', { type: 'boolean', default: false, describe: 'What is past its time' })
      .option('all', { type: 'boolean', default: false, describe: 'Everything' })
      .option('dry-run', { type: 'boolean', default: false, describe: 'Only tell what would go' })
      .option('yes', { type: 'boolean', default: false, describe: 'Do not ask, with --all' })
      .example('$0 purge --user bob', 'his password was stolen')
      .example('$0 purge 203.0.113.0/24', 'a whole network')
      .example('$0 purge --all --dry-run', 'what would go?')
      .epilog('JSON: what "list" has of each that was purged, or would be.'),
  ({ config, 'dry-run': dryRun, ...args }) => {
    const name = adminName();
    return withStoreToPurge(config, async (host) => {
      const selector = selectorOf(args);
      if (dryRun) {
        tell('would purge', host.store.purgeable(selector), args);
        return EXIT.ok;
      }
      if ('all' in selector && !args.yes && !(await confirm('Purge all permissions?'))) {
        printRows([], args, () => print('nothing was purged'));
        return EXIT.ok;
      }
      const tombstone = tombstoneOf(selector);
      const purged = tombstone === undefined ? host.store.purge(selector, name) : host.store.bury([tombstone], name);
      tell('purged', purged, args);
      return publishAndTell(host, tombstone && { purge: tombstone }, args);
    });
  },
);

function tell(what: string, logins: readonly Login[], args: JsonArgs): void {
  const lines = logins.map(({ address, user }) => `${what} ${address} (${escapeControls(user)})`);
  printRows(logins, args, () => print(lines.length === 0 ? 'nothing to purge' : lines.join('\n')));
}

/** What is to beat logins from before the purge that are read or told later; undefined where none can be. */
function tombstoneOf(selector: Selector): Tombstone | undefined {
  const mark = markOf(selector);
  return mark === undefined ? undefined : { mark, at: systemClock() };
}

function markOf(selector: Selector): string | undefined {
  if ('address' in selector) return addressMark(selector.address);
  if ('network' in selector) return networkMark(selector.network);
  if ('user' in selector) return userMark(selector.user);
  return 'all' in selector ? EVERYTHING : undefined;
}

function selectorOf({ target, user, expired, all }: PurgeArgs): Selector {
  const chosen = [target !== undefined, user !== undefined, expired, all].filter(Boolean).length;
  if (chosen !== 1) {
    const message = 'purge: name one of ADDRESS, NETWORK, --user USER, --expired or --all';
    throw new OperationalError('usage', EXIT.usage, message);
  }
  if (target !== undefined) return targetSelector(target);
  if (user !== undefined) return { user };
  return expired ? { expired: true } : { all: true };
}

function targetSelector(text: string): Selector {
  const parsed = parseAddress(text);
  if (parsed.ok) return { address: parsed.address };
  const network = parseNetwork(text);
  if (network !== undefined) return { network };
  throw new OperationalError('usage', EXIT.usage, `purge: expected an address or a network, found "${text}"`);
}
