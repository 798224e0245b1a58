/**
 * Listens on a unix socket or on loopback TCP, for no more clients at a time than there may be.
 *
 * A unix socket is made 0660. Its group is its folder's where the folder is set-group-id, so the group is chosen with
 * the folder, and the daemon needs no right to give files away. A socket file that a dead daemon left is replaced;
 * anything else at its path is left alone, and the start refused.
 */
import { once } from 'node:events';
import { chmodSync, lstatSync, rmSync } from 'node:fs';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { errnoOf, EXIT, OperationalError, reasonOf } from '../errors.ts';
import { formatEndpoint, type StreamEndpoint } from './endpoint.ts';

const MAX_CONNECTIONS = 1000; // one a process of the MTA; Postfix has 100 by default, Sendmail one a session
const SOCKET_MODE = 0o660;

export interface ListenerParts {
  readonly endpoint: StreamEndpoint;
  /** Answers a client until either side ends it. */
  readonly serve: (socket: Socket) => void;
  /** How many clients at a time; more are closed at once. @default 1000 */
  readonly maxConnections?: number;
  /** Called for each that is closed so. */
  readonly crowdedOut?: () => void;
  /** Called when listening fails later on; it must end the process. */
  readonly failed: (reason: unknown) => void;
}

export class Listener {
  readonly #parts: ListenerParts;
  readonly #server: Server;
  readonly #clients = new Set<Socket>();

  constructor(parts: ListenerParts) {
    this.#parts = parts;
    this.#server = createServer((socket) => this.#serve(socket));
    this.#server.maxConnections = parts.maxConnections ?? MAX_CONNECTIONS;
    this.#server.on('drop', () => parts.crowdedOut?.());
  }

  /**
   * Listens; the result tells the port that the system chose for port 0.
   * @throws OperationalError exit 73 when the endpoint is taken or cannot be made
   */
  async start(): Promise<StreamEndpoint> {
    const { endpoint, failed } = this.#parts;
    if (endpoint.kind === 'unix') await removeStale(endpoint.path);
    await this.#listen();
    this.#server.on('error', failed);
    if (endpoint.kind === 'unix') chmodSync(endpoint.path, SOCKET_MODE);
    const bound = this.#server.address();
    return bound !== null && typeof bound === 'object' && endpoint.kind !== 'unix'
      ? { ...endpoint, port: bound.port }
      : endpoint;
  }

  /** Hangs up on every client, closes, and removes the socket file; idempotent. */
  async stop(): Promise<void> {
    for (const socket of this.#clients) socket.destroy();
    if (this.#server.listening) await new Promise((resolve) => this.#server.close(resolve));
  }

  async #listen(): Promise<void> {
    const { endpoint } = this.#parts;
    try {
      this.#server.listen(endpoint);
      await once(this.#server, 'listening');
    } catch (error) {
      throw cannotListen(endpoint, reasonOf(error), error);
    }
  }

  #serve(socket: Socket): void {
    this.#clients.add(socket);
    socket.on('close', () => this.#clients.delete(socket));
    this.#parts.serve(socket);
  }
}

/** A socket file nobody listens on is gone afterwards. */
async function removeStale(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  const endpoint = { kind: 'unix', path } as const;
  if (!found.isSocket()) throw cannotListen(endpoint, 'there is a file that is no socket: move it away');
  if (await isAnswered(path)) throw cannotListen(endpoint, 'another process listens there: stop it first');
  rmSync(path, { force: true });
}

async function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(path);
    const settle = (answered: boolean) => {
      socket.destroy();
      resolve(answered);
    };
    socket.once('connect', () => settle(true));
    socket.once('error', (error) => settle(errnoOf(error) !== 'ECONNREFUSED' && errnoOf(error) !== 'ENOENT'));
  });
}

function cannotListen(endpoint: StreamEndpoint, reason: string, cause?: unknown): OperationalError {
  const message = `${formatEndpoint(endpoint)}: cannot listen: ${reason}`;
  return new OperationalError('cannot-listen', EXIT.cantCreate, message, { cause });
}
