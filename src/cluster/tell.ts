/** What a command does with the cluster while the daemon may or may not run: one piece of news, or one look. */
import type { Login } from '../login/login.ts';
import type { Tombstone } from '../store/tombstones.ts';
import type { Access } from './access.ts';
import { Link, LinkLost } from './redis.ts';
import { ServerClock } from './server-clock.ts';
import { loginNews, purgeNews } from './wire.ts';

/** News that a command has put into the store of this host. */
export type News = { readonly grant: Login } | { readonly purge: Tombstone };

/** Tells the cluster; why it could not, undefined where it could. The daemon tells it later then. */
export async function tellCluster(access: Access, node: string, news: News, now: number): Promise<string | undefined> {
  return withLink(access, async (link, serverClock) => {
    const text = 'grant' in news ? loginNews(news.grant, node, now) : purgeNews(news.purge.mark, news.purge.at, now);
    await link.run(serverClock.earliest(), [text]);
    return undefined;
  });
}

/** The server as a new connection finds it. */
export interface Probe {
  /** The server's clock minus this host's. */
  readonly clockDifferenceMs: number;
  readonly roundTripMs: number;
  readonly entries: number;
}

/** Looks at the server; why it could not, where it could not. Throws nothing that an admin could mend. */
export function probeCluster(access: Access, clock: () => number): Promise<Probe | string> {
  return withLink(access, async (link) => {
    const { time, askedAt, answeredAt } = await link.run(0, []);
    const roundTripMs = Math.round(answeredAt - askedAt);
    return { clockDifferenceMs: Math.round(time - clock() + roundTripMs / 2), roundTripMs, entries: await link.size() };
  });
}

async function withLink<T>(
  access: Access,
  use: (link: Link, serverClock: ServerClock) => Promise<T>,
): Promise<T | string> {
  try {
    const link = await Link.open(access);
    try {
      const serverClock = new ServerClock();
      serverClock.take(await link.run(0, []));
      return await use(link, serverClock);
    } finally {
      link.close();
    }
  } catch (error) {
    if (error instanceof LinkLost) return error.message;
    throw error;
  }
}
