/**
 * The connection to Redis or Valkey. The only file that imports ioredis, and it hides these quirks of ioredis 6:
 * - Its defaults hang: with a frozen or dead server commands were still pending after 5 s. Here each command has a
 *   second, none waits for a connection, and nothing is sent twice by the library.
 * - It reconnects by itself and then goes on as if nothing had happened. Here it does not: a link that has failed once
 *   stays failed, so whoever holds it makes a new one and looks at everything anew.
 * - It waits two seconds for a server that does not answer to close the connection. Here a tenth.
 * - An `error` event without a listener ends the process; the failure is told by the command that met it anyway. To its
 *   sockets it listens once, and one that is closed in the middle of a TLS handshake fails for a second time.
 * - `XREAD` comes back in another shape over RESP3.
 *
 * Limits: a command that has run out of time may still be carried out later; script.ts makes that harmless. Redis 6.2
 * or newer, for ZMSCORE and `ZADD GT`.
 */
import { createHash } from 'node:crypto';
import { Cluster, Redis, type RedisOptions } from 'ioredis';
import { reasonOf } from '../errors.ts';
import type { Access } from './access.ts';
import { keysOf, SCRIPT, type Keys, type Verdict } from './script.ts';
import type { TimeSample } from './server-clock.ts';
import type { RedisEndpoint } from './url.ts';

/** The link failed, or what is behind it is not what it was: to be closed and made anew. */
export class LinkLost extends Error {
  override readonly name = 'LinkLost';
}

/** What the script answers. */
export interface Reply extends TimeSample {
  readonly epoch: string;
  /** How many messages were ever put into the stream, and the last one's id. */
  readonly seq: number;
  readonly lastId: string;
  readonly verdicts: readonly Verdict[];
}

/** One message of the stream. */
export interface Message {
  readonly id: string;
  readonly seq: number;
  readonly news:
    { readonly member: string; readonly value: string } | { readonly mark: string; readonly at: number } | undefined;
}

/** How long one command may take before the link counts as lost. */
const COMMAND_MS = 1000;
/** How long a read of the stream waits at the server, well below {@link COMMAND_MS}. */
const BLOCK_MS = 400;
/** The most that one read returns: one LMDB transaction, some milliseconds. */
export const READ_MESSAGES = 200;
const SCAN_MEMBERS = 200;
const SCRIPT_SHA = createHash('sha1').update(SCRIPT).digest('hex');

/** Two connections, since one that waits for the stream can do nothing else. */
export class Link {
  readonly #commands: Redis | Cluster;
  readonly #stream: Redis | Cluster;
  readonly #keys: Keys;

  private constructor(commands: Redis | Cluster, stream: Redis | Cluster, namespace: string) {
    this.#commands = commands;
    this.#stream = stream;
    this.#keys = keysOf(namespace);
  }

  /** @throws LinkLost where the server cannot be reached or lets nobody in */
  static async open(access: Access): Promise<Link> {
    const link = new Link(clientOf(access), clientOf(access), access.namespace);
    try {
      await Promise.all([connect(link.#commands), connect(link.#stream)]);
      return link;
    } catch (error) {
      link.close();
      throw lost(error);
    }
  }

  /** Idempotent; whatever is under way fails. */
  close(): void {
    for (const client of [this.#commands, this.#stream]) {
      ignoreLaterErrors(client);
      client.disconnect();
    }
  }

  /** Runs the script over `news`, which was true when the server's time was `sentAt`. */
  async run(sentAt: number, news: readonly (readonly string[])[]): Promise<Reply> {
    const askedAt = performance.now();
    const answer = await this.#script([String(sentAt), ...news.flat()]);
    const [time, epoch, seq, lastId, ...verdicts] = texts(answer);
    return {
      time: Number(time),
      askedAt,
      answeredAt: performance.now(),
      epoch: epoch ?? '',
      seq: Number(seq),
      lastId: lastId ?? '',
      verdicts: verdicts as Verdict[],
    };
  }

  async #script(args: readonly string[]): Promise<unknown> {
    const keys = Object.values(this.#keys);
    const rest = [String(keys.length), ...keys, ...args];
    try {
      return await this.#commands.call('EVALSHA', [SCRIPT_SHA, ...rest]);
    } catch (error) {
      if (!reasonOf(error).startsWith('NOSCRIPT')) throw lost(error);
      return this.#call('EVAL', SCRIPT, ...rest);
    }
  }

  /** The messages after `id`, waiting a moment for the first. */
  async read(id: string): Promise<Message[]> {
    const answer = await this.#stream
      .call('XREAD', ['BLOCK', BLOCK_MS, 'COUNT', READ_MESSAGES, 'STREAMS', this.#keys.stream, id])
      .catch((error: unknown) => {
        throw lost(error);
      });
    const [[, messages] = []] = (answer ?? []) as [string, [string, string[]][]][];
    return (messages ?? []).map(([messageId, fields]) => messageOf(messageId, fields));
  }

  /** Some of the members and when they end, and the cursor to go on with, "0" at the end. */
  async scan(cursor: string): Promise<{ readonly next: string; readonly ends: ReadonlyMap<string, number> }> {
    const [next, flat] = (await this.#call('ZSCAN', this.#keys.expiries, cursor, 'COUNT', String(SCAN_MEMBERS))) as [
      string,
      string[],
    ];
    return { next, ends: pairs(flat) };
  }

  /** How many members there are. */
  async size(): Promise<number> {
    return Number(await this.#call('ZCARD', this.#keys.expiries));
  }

  /** When each of `members` ends, undefined for one that is not there. */
  async ends(members: readonly string[]): Promise<(number | undefined)[]> {
    if (members.length === 0) return [];
    const scores = (await this.#call('ZMSCORE', this.#keys.expiries, ...members)) as (string | null)[];
    return scores.map((score) => (score === null ? undefined : Number(score)));
  }

  /** The values of `members`, undefined for one that is not there. */
  async values(members: readonly string[]): Promise<(string | undefined)[]> {
    if (members.length === 0) return [];
    const values = (await this.#call('HMGET', this.#keys.records, ...members)) as (string | null)[];
    return values.map((value) => value ?? undefined);
  }

  /** Every mark and when it was made. */
  async tombstones(): Promise<Map<string, number>> {
    const all = pairs((await this.#call('ZRANGE', this.#keys.tombstones, '0', '-1', 'WITHSCORES')) as string[]);
    for (const mark of all.keys()) if (mark.startsWith('n') && mark.endsWith('+')) all.delete(mark); // the script's own
    return all;
  }

  async #call(name: string, ...args: readonly string[]): Promise<unknown> {
    try {
      return await this.#commands.call(name, [...args]);
    } catch (error) {
      throw lost(error);
    }
  }
}

const OPTIONS = {
  lazyConnect: true,
  retryStrategy: () => null,
  connectTimeout: COMMAND_MS,
  commandTimeout: COMMAND_MS,
  disconnectTimeout: 100,
  enableOfflineQueue: false,
  maxRetriesPerRequest: 0,
  autoResendUnfulfilledCommands: false,
  disableClientInfo: true, // needs no further permission
  protocol: 2,
} as const satisfies RedisOptions;

function clientOf(access: Access): Redis | Cluster {
  const client = newClient(access.endpoint, optionsOf(access));
  client.on('error', () => ignoreLaterErrors(client)); // connect() or the command that meets it tells it
  client.on('node error', () => ignoreLaterErrors(client));
  return client;
}

function ignoreLaterErrors(client: Redis | Cluster): void {
  const clients: { stream?: Redis['stream'] }[] = client instanceof Cluster ? client.nodes() : [client];
  for (const { stream } of clients) stream?.on('error', () => undefined);
}

function optionsOf({ endpoint, password, ca }: Access) {
  return {
    ...OPTIONS,
    ...(endpoint.user !== undefined && { username: endpoint.user }),
    ...(password !== undefined && { password }),
    ...(endpoint.kind !== 'socket' && endpoint.tls && { tls: ca === undefined ? {} : { ca } }),
  };
}

function newClient(endpoint: RedisEndpoint, options: ReturnType<typeof optionsOf>): Redis | Cluster {
  if (endpoint.kind === 'server') return new Redis({ ...options, ...endpoint.server, db: endpoint.db });
  if (endpoint.kind === 'socket') return new Redis({ ...options, path: endpoint.path });
  if (endpoint.kind === 'cluster') {
    const { enableOfflineQueue: _queue, retryStrategy: _retry, ...redisOptions } = options; // the library sets its own
    return new Cluster([...endpoint.hosts], {
      redisOptions,
      lazyConnect: true,
      clusterRetryStrategy: () => null,
      enableOfflineQueue: false,
      slotsRefreshTimeout: COMMAND_MS,
    });
  }
  return new Redis({
    ...options,
    sentinels: [...endpoint.hosts],
    name: endpoint.master,
    sentinelRetryStrategy: () => null,
    sentinelCommandTimeout: COMMAND_MS,
    ...(options.tls !== undefined && { enableTLSForSentinelMode: true, sentinelTLS: options.tls }),
  });
}

/** The library's own limits do not cover the whole way to a ready connection. */
async function connect(client: Redis | Cluster): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new LinkLost('no connection in time')), 3 * COMMAND_MS);
  });
  let reason: unknown; // the library says "Connection is closed." where the event before said why
  client.on('error', (error: unknown) => (reason = error));
  try {
    await Promise.race([client.connect(), tooLate]);
  } catch (error) {
    throw lost(reason ?? error);
  } finally {
    clearTimeout(timer);
  }
}

function lost(cause: unknown): LinkLost {
  return cause instanceof LinkLost ? cause : new LinkLost(reasonOf(cause), { cause });
}

function messageOf(id: string, fields: readonly string[]): Message {
  const { q, m: member, v: value, t: mark, a: at } = Object.fromEntries(chunksOf2(fields)) as MessageFields;
  const seq = Number(q);
  if (member !== undefined && value !== undefined) return { id, seq, news: { member, value } };
  return { id, seq, news: mark === undefined ? undefined : { mark, at: Number(at) } };
}

type MessageFields = Partial<Record<'q' | 'm' | 'v' | 't' | 'a', string>>;

function pairs(flat: readonly string[]): Map<string, number> {
  return new Map(chunksOf2(flat).map(([key, value]) => [key, Number(value)]));
}

function chunksOf2(flat: readonly string[]): (readonly [string, string])[] {
  return flat.flatMap((key, index) => (index % 2 === 0 ? [[key, flat[index + 1] ?? ''] as const] : []));
}

function texts(answer: unknown): string[] {
  return Array.isArray(answer) ? answer.map(String) : [];
}
