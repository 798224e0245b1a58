/**
 * Makes this host and the server agree on everything, whatever was missed: an outage, a server that was emptied,
 * restored from an old dump or replaced by a replica that had not heard the last. Purges go first, both ways, so that
 * nothing that they took comes back.
 *
 * Limits: in pieces of some hundred entries, so that neither side does nothing else for more than some milliseconds.
 */
import type { Key } from '../store/lmdb.ts';
import type { Login } from '../login/login.ts';
import { SAME_MS } from '../store/recorder.ts';
import { memberOf } from '../store/tombstones.ts';
import type { Exchange } from './exchange.ts';
import { splitMember, withoutSessions } from './wire.ts';

const PAGE = 300; // logins read from the store in one turn of the event loop, a few milliseconds

/** Returns how many addresses this let in here. */
export async function reconcile(exchange: Exchange): Promise<number> {
  const heardAt = exchange.node.wallClock.now();
  exchange.bury(await exchange.link.tombstones());
  await exchange.tellPurges();
  const granted = await pull(exchange);
  await push(exchange, heardAt);
  return granted;
}

async function pull(exchange: Exchange): Promise<number> {
  let cursor = '0';
  let count = 0;
  do {
    const { next, ends } = await exchange.link.scan(cursor);
    const lacking = membersLacking(exchange, ends);
    const values = await exchange.link.values(lacking);
    const granted = exchange.take(lacking.flatMap((member, index) => pair(member, values[index])));
    count += granted.length;
    const taken = new Set(granted.map(memberOf));
    const rest = lacking.filter((member) => !taken.has(member));
    await exchange.forget(membersLacking(exchange, new Map(rest.map((member) => [member, ends.get(member) ?? 0]))));
    cursor = next;
  } while (cursor !== '0');
  return count;
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

/** A session was open at `heardAt` as far as its host knew: a purge after that is not in its store yet. */
async function push(exchange: Exchange, heardAt: number): Promise<void> {
  const { store, rules, wallClock, serverClock } = exchange.node;
  let start: Key | undefined = [];
  while (start !== undefined) {
    const page = store.page(start, PAGE);
    const trusted = page.logins.filter(({ at }) => at >= wallClock.trustedSince());
    const ends = await exchange.link.ends(trusted.map(memberOf));
    const now = wallClock.now();
    const offset = serverClock.earliest() - now;
    const told = trusted.map((login) => withoutSessions(login, rules.graceMs, heardAt));
    await exchange.tell(
      told.filter((login, index) => (ends[index] ?? 0) < login.expiresAt + offset - slackMs(login, rules.graceMs)),
    );
    start = page.next;
  }
}

/** An open session is told again when half of what was told last is over, not each minute. */
function slackMs({ openSessions = 0 }: Login, graceMs: number): number {
  return openSessions > 0 ? graceMs / 2 : SAME_MS;
}
