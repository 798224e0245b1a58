import { parseAddress, type Address } from '../login/address.ts';
import type { Entry } from '../store/entry.ts';
import type { SenderRule } from './sender.ts';

/** Whether a client may relay at this moment, and for `sender` where the protocol tells one. */
export type MayRelay = (client: string, sender?: string) => boolean;

export interface RelayCheckParts {
  /** The store's word of this moment. */
  readonly permits: (address: Address) => Entry | undefined;
  readonly allows: SenderRule;
  /** Told of a client who may relay, but not for this sender. */
  readonly refusedSender: (entry: Entry, sender: string | undefined) => void;
}

/** Asks the store for every answer. What is no client's address may not relay. */
export function relayCheck({ permits, allows, refusedSender }: RelayCheckParts): MayRelay {
  return (client, sender) => {
    const parsed = parseAddress(client);
    const entry = parsed.ok ? permits(parsed.address) : undefined;
    if (entry === undefined) return false;
    const isAllowed = allows(entry, sender);
    if (!isAllowed) refusedSender(entry, sender);
    return isAllowed;
  };
}
