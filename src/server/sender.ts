/**
 * Binds a permission to the envelope sender (`bind_sender`), so that the next holder of a dynamic address, or a
 * neighbour behind the same NAT, cannot send as anyone he likes.
 *
 * A sender is allowed where one user whose login at that address still counts may use it: the sender is the user's
 * login name, or the sender map names it for that user; `domain` compares what stands behind the last `@` alone. Case
 * does not count. The null sender `<>` is never allowed: bounces are made by servers, not by the clients of POP.
 */
import type { Entry } from '../store/entry.ts';
import type { SenderMap } from './sender-map.ts';

/** Whether the users behind an entry may send as `sender`; undefined is a request that named none. */
export type SenderRule = (entry: Entry, sender: string | undefined) => boolean;

/** The rule without `bind_sender`: whoever may relay may say he is anybody. */
export const anySender: SenderRule = () => true;

/** How much of a sender must be the user's. */
export type SenderPart = 'user' | 'domain';

/** The rule of `bind_sender = "user"` or `"domain"`; what `senders` does not name may send as his login name. */
export function boundSender(part: SenderPart, senders: SenderMap): SenderRule {
  const covers = COVERS[part];
  return (entry, envelope) => {
    const sender = envelope?.toLowerCase() ?? '';
    if (!SENDER.test(sender)) return false;
    const owned = entry.logins.flatMap(({ user }) => senders.get(user.toLowerCase()) ?? [user.toLowerCase()]);
    return owned.some((own) => covers(own, sender));
  };
}

const SENDER = /^[^\s\p{Cc}\ufffd]+@[^\s\p{Cc}\ufffd@]+$/u; // U+FFFD stands for bytes that are no UTF-8: any would do

/** `own` is an address, a whole domain (`@example.com`), or a login name without one; a sender always has a domain. */
const COVERS: Readonly<Record<SenderPart, (own: string, sender: string) => boolean>> = {
  user: (own, sender) => own === sender || own === domainOf(sender),
  domain: (own, sender) => domainOf(own) === domainOf(sender),
};

function domainOf(address: string): string {
  const at = address.lastIndexOf('@');
  return at === -1 ? '' : address.slice(at);
}
