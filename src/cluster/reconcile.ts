/**
 * Makes this host and the server agree on everything, whatever was missed: an outage, a server that was emptied,
 * restored from an old dump or replaced by a replica that had not heard the last. Purges go first, both ways, so that
 * nothing that they took comes back.
 *
 * Limits: in pieces of some hundred entries, so that neither side does nothing else for more than some milliseconds.
 */
import type { Key } from '../store/lmdb.ts';
import { memberOf } from '../store/tombstones.ts';
import type { Exchange } from './exchange.ts';
import { splitMember } from './wire.ts';

/** Two conversions of one login differ by less, and a login is not told again for that. */
const SAME_MS = 1000;
const PAGE = 300; // logins read from the store in one turn of the event loop, a few milliseconds

/** Returns how many addresses this let in here. */
export async function reconcile(exchange: Exchange): Promise<number> {
  exchange.bury(await exchange.link.tombstones());
  await exchange.tellPurges();
  const granted = await pull(exchange);
  await push(exchange);
  return granted;
}

async function pull(exchange: Exchange): Promise<number> {
  let cursor = '0';
  let granted = 0;
  do {
    const { next, ends } = await exchange.link.scan(cursor);
    const lacking = membersLacking(exchange, ends);
    const values = await exchange.link.values(lacking);
    granted += exchange.take(lacking.flatMap((member, index) => pair(member, values[index]))).length;
    await exchange.forget(membersLacking(exchange, new Map(lacking.map((member) => [member, ends.get(member) ?? 0]))));
    cursor = next;
  } while (cursor !== '0');
  return granted;
}

function membersLacking(exchange: Exchange, ends: ReadonlyMap<string, number>): string[] {
  return [...ends].filter(([member, endsAt]) => lacks(exchange, member, endsAt)).map(([member]) => member);
}

function pair(member: string, value: string | undefined): (readonly [string, string])[] {
  return value === undefined ? [] : [[member, value]];
}

/** Whether the server's entry permits for longer than what is known here. */
function lacks({ node }: Exchange, member: string, endsAt: number): boolean {
  const leftMs = endsAt - node.serverClock.latest();
  if (leftMs <= 0) return false;
  const { address, user } = splitMember(member);
  const known = address && node.store.login(address, user);
  return known === undefined || known.expiresAt < node.wallClock.now() + leftMs - SAME_MS;
}

async function push(exchange: Exchange): Promise<void> {
  const { store, wallClock, serverClock } = exchange.node;
  let start: Key | undefined = [];
  while (start !== undefined) {
    const page = store.page(start, PAGE);
    const told = page.logins.filter(({ at }) => at >= wallClock.trustedSince());
    const ends = await exchange.link.ends(told.map(memberOf));
    const offset = serverClock.earliest() - wallClock.now();
    await exchange.tell(told.filter(({ expiresAt }, index) => (ends[index] ?? 0) < expiresAt + offset - SAME_MS));
    start = page.next;
  }
}
