/**
 * `relaypass sweep`: expires what is past and publishes, without the daemon; a timer runs it where no daemon vouches
 * for the maps (voucher.ts), and at boot, before the MTA. Where the store cannot be read nobody knows who is permitted: then the maps are emptied. Where the
 * configuration is in error, the one that the daemon last ran with holds.
 */
import { createBuilder } from '../map/build.ts';
import { claimMaps } from '../map/claim.ts';
import { emptyMaps } from '../map/empty.ts';
import { hostTools } from '../map/tools.ts';
import type { Store } from '../store/store.ts';
import { defineCommand } from './command.ts';
import { publishMaps } from './publish-maps.ts';
import { configInForce, enterHost, openStore, type Host } from './with-store.ts';

export const command = defineCommand(
  (argv) => argv.example('$0 sweep', 'what relaypass-sweep.timer runs while no daemon keeps the maps true'),
  async ({ config }) => {
    const host = enterHost(configInForce(config).config);
    const store = await openStoreOrEmptyMaps(host);
    try {
      return await publishMaps({ ...host, store });
    } finally {
      await store.close();
    }
  },
);

async function openStoreOrEmptyMaps(host: Host): Promise<Store> {
  try {
    return await openStore(host);
  } catch (error) {
    const { config, log } = host;
    const tools = hostTools();
    const { targets } = claimMaps(config, tools);
    log.error('emptied the maps, since the store cannot be read', { maps: targets.map(({ file }) => file).join(' ') });
    await emptyMaps({ targets, builder: createBuilder(tools), log });
    throw error;
  }
}
