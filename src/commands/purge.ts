import { systemClock } from '../clock.ts';
import { EXIT, OperationalError } from '../errors.ts';
import { parseAddress } from '../login/address.ts';
import { parseNetwork } from '../login/network.ts';
import type { Selector } from '../store/store.ts';
import { adminName } from './admin-name.ts';
import { addressMark, EVERYTHING, networkMark, userMark, type Tombstone } from '../store/tombstones.ts';
import { defineCommand, print } from './command.ts';
import { publishMaps } from './publish-maps.ts';
import { tellNodes } from './tell-nodes.ts';
import { withStore } from './with-store.ts';

interface PurgeArgs {
  readonly target: string | undefined;
  readonly user: string | undefined;
  readonly expired: boolean;
  readonly all: boolean;
}

/** `relaypass purge`: takes permissions away and publishes the maps before it returns. */
export const command = defineCommand(
  (argv) =>
    argv
      .positional('target', { type: 'string', describe: 'Client address or network' })
      .option('user', { type: 'string', describe: 'What this user has, wherever he is' })
      .option('expired', { type: 'boolean', default: false, describe: 'What is past its time' })
      .option('all', { type: 'boolean', default: false, describe: 'Everything' })
      .example('$0 purge --user bob', 'his password was stolen')
      .example('$0 purge 203.0.113.0/24', 'a whole network'),
  ({ config, ...args }) => {
    const name = adminName();
    return withStore(config, async (host) => {
      const selector = selectorOf(args);
      const tombstone = host.config.cluster && tombstoneOf(selector);
      const purged = tombstone === undefined ? host.store.purge(selector, name) : host.store.bury([tombstone], name);
      purged.forEach(({ address, user }) => print(`purged ${address} (${user})`));
      if (purged.length === 0) print('nothing to purge');
      const published = await publishMaps(host);
      const told = tombstone === undefined ? EXIT.ok : await tellNodes(host, { purge: tombstone });
      return published === EXIT.ok ? told : published;
    });
  },
);

/** What the other nodes need to know of a purge, undefined where they see for themselves. */
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
