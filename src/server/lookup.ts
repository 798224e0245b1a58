/** The look-ups of the configuration, with all that they name read and checked. */
import type { LookupConfig } from '../config/schema.ts';
import { encloses, parseNetwork } from '../login/network.ts';
import type { Endpoint, StreamEndpoint } from './endpoint.ts';
import type { Peer } from './protocol.ts';
import { anySender, boundSender, type SenderRule } from './sender.ts';
import { loadSenderMap } from './sender-map.ts';

/** One look-up server to be. */
export type Lookup =
  | { readonly protocol: 'socketmap' | 'policy'; readonly endpoint: StreamEndpoint; readonly allows: SenderRule }
  | { readonly protocol: 'tcp'; readonly endpoint: StreamEndpoint }
  | { readonly protocol: 'whoson'; readonly endpoint: Endpoint; readonly isAllowed: (peer: Peer) => boolean };

/**
 * Reads what the configured look-ups name.
 * @throws OperationalError exit 78 for a sender map that cannot be used
 */
export function loadLookups(lookups: readonly LookupConfig[]): Lookup[] {
  return lookups.map(loadLookup);
}

function loadLookup(config: LookupConfig): Lookup {
  const { protocol } = config;
  if (protocol === 'tcp') return { protocol, endpoint: config.listen };
  if (protocol === 'whoson') return { protocol, endpoint: config.listen, isAllowed: peerRule(config.allow) };
  return { protocol, endpoint: config.listen, allows: senderRule(config) };
}

function senderRule({ bind_sender, sender_map }: Extract<LookupConfig, { bind_sender: string }>): SenderRule {
  return bind_sender === 'off' ? anySender : boundSender(bind_sender, loadSenderMap(sender_map));
}

function peerRule(allow: readonly string[]): (peer: Peer) => boolean {
  const networks = allow.flatMap((text) => parseNetwork(text) ?? []);
  return (peer) => {
    const address = parseNetwork(peer);
    return address === undefined
      ? peer === 'unix' && allow.includes('unix')
      : networks.some((network) => encloses(network, address));
  };
}
