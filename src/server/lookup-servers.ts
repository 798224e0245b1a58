/**
 * The live look-ups: each answers from the store at the moment it is asked, so an address is permitted as soon as its
 * login is committed, and no longer from the millisecond on at which it expires.
 */
import { rateLimited } from '../log.ts';
import type { Entry } from '../store/entry.ts';
import { conversation } from './conversation.ts';
import { DatagramListener } from './datagram-listener.ts';
import { formatEndpoint, isStream } from './endpoint.ts';
import { Listener } from './listener.ts';
import type { Lookup } from './lookup.ts';
import { relayCheck, type MayRelay } from './may-relay.ts';
import { policy } from './policy.ts';
import type { Protocol, Reply } from './protocol.ts';
import { anySender, type SenderRule } from './sender.ts';
import { socketmap } from './socketmap.ts';
import { tcpTable } from './tcp-table.ts';
import { whoson } from './whoson.ts';
import { storeBook, type BookParts } from './whoson-book.ts';

const WARN_EVERY_MS = 3_600_000; // one warning an hour for the same user and sender, or the same socket

export interface LookupParts extends BookParts {
  readonly lookups: readonly Lookup[];
  /** Called when a server fails while it runs; it must end the process. */
  readonly failed: (reason: unknown) => void;
}

export class LookupServers {
  readonly #parts: LookupParts;
  readonly #warn: ReturnType<typeof rateLimited>;
  #listeners: (Listener | DatagramListener)[] = [];

  constructor(parts: LookupParts) {
    this.#parts = parts;
    this.#warn = rateLimited(parts.log, parts.clock, WARN_EVERY_MS);
  }

  /** @throws OperationalError exit 73 when one cannot listen; then none does */
  async start(): Promise<void> {
    try {
      for (const lookup of this.#parts.lookups) await this.#listen(lookup);
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Hangs up on every client; idempotent. */
  async stop(): Promise<void> {
    for (const listener of this.#listeners.splice(0)) await listener.stop();
  }

  async #listen(lookup: Lookup): Promise<void> {
    const { failed, log } = this.#parts;
    const { endpoint } = lookup;
    const protocol = this.#counted(lookup);
    const crowdedOut = (): void => this.#tellCrowded(lookup);
    const listener = isStream(endpoint)
      ? new Listener({ endpoint, serve: conversation({ protocol, failed }), crowdedOut, failed })
      : new DatagramListener({ endpoint, protocol, failed });
    this.#listeners.push(listener);
    log.info('answers', { protocol: lookup.protocol, listen: formatEndpoint(await listener.start()) });
  }

  #counted(lookup: Lookup): Protocol {
    const protocol = this.#protocol(lookup);
    const counts = this.#parts.tally.lookup(lookup.protocol);
    const counted = (reply: Reply): Reply => {
      counts.add(reply.verdict);
      return reply;
    };
    return {
      ...protocol,
      answer: (request, peer) => counted(protocol.answer(request, peer)),
      fail: () => counted(protocol.fail()),
    };
  }

  #protocol(lookup: Lookup): Protocol {
    if (lookup.protocol === 'whoson') return whoson(storeBook(this.#parts), lookup.isAllowed);
    if (lookup.protocol === 'tcp') return tcpTable(this.#mayRelay(anySender));
    const mayRelay = this.#mayRelay(lookup.allows);
    return lookup.protocol === 'policy' ? policy(mayRelay) : socketmap(mayRelay);
  }

  #mayRelay(allows: SenderRule): MayRelay {
    const { store } = this.#parts;
    return relayCheck({
      permits: (address) => store.entry(address),
      allows,
      refusedSender: ({ address, logins }, sender) => this.#tellRefused(address, logins, sender),
    });
  }

  #tellCrowded({ protocol, endpoint }: Lookup): void {
    const listen = formatEndpoint(endpoint);
    this.#warn(listen, 'hung up on a client, since too many are connected', { protocol, listen });
  }

  #tellRefused(address: string, logins: Entry['logins'], sender = ''): void {
    const users = logins.map(({ user }) => user).join(' ');
    this.#warn(`${address} ${sender}`, 'refused a sender', { address, users, sender: `<${sender}>` });
  }
}
