/**
 * Answers `GET /metrics` over HTTP on a unix socket or on loopback, a request a connection.
 *
 * Limits: four connections at a time; ten seconds and 8 KiB for all of a request; what a request has for a body is not
 * read.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { StreamEndpoint } from '../server/endpoint.ts';
import { Listener } from '../server/listener.ts';
import type { Exposition } from './exposition.ts';

const MAX_CONNECTIONS = 4; // one Prometheus, or two, and a person
const MAX_HEADER_BYTES = 8192;
const CONNECTION_MS = 10_000; // Prometheus itself gives up after ten seconds

export interface ScrapeServerParts {
  readonly endpoint: StreamEndpoint;
  readonly exposition: Pick<Exposition, 'contentType' | 'text'>;
  /** Called with what was thrown where metrics should have been read; it must end the process. */
  readonly failed: (reason: unknown) => void;
}

export class ScrapeServer {
  readonly #parts: ScrapeServerParts;
  readonly #listener: Listener;
  /** Never listens itself: it is handed the connections of a listener that knows of sockets' modes and limits. */
  readonly #http = createServer({ maxHeaderSize: MAX_HEADER_BYTES, keepAlive: false }, (request, response) =>
    this.#answer(request, response),
  );

  constructor(parts: ScrapeServerParts) {
    this.#parts = parts;
    const { endpoint, failed } = parts;
    const serve = (socket: Socket): void => this.#serve(socket);
    this.#listener = new Listener({ endpoint, serve, failed, maxConnections: MAX_CONNECTIONS });
  }

  /**
   * Listens; the result tells the port that the system chose for port 0.
   * @throws OperationalError exit 73 when the endpoint is taken or cannot be made
   */
  start(): Promise<StreamEndpoint> {
    return this.#listener.start();
  }

  /** Idempotent. */
  stop(): Promise<void> {
    return this.#listener.stop();
  }

  #serve(socket: Socket): void {
    const deadline = setTimeout(() => socket.destroy(), CONNECTION_MS);
    socket.on('close', () => clearTimeout(deadline));
    this.#http.emit('connection', socket);
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    if (request.url !== '/metrics') return reply(response, 404, 'only /metrics is here\n');
    if (request.method !== 'GET') return reply(response, 405, 'only GET is answered\n');
    const { exposition, failed } = this.#parts;
    exposition.text().then(
      (text) => reply(response, 200, text, exposition.contentType),
      (error: unknown) => {
        reply(response, 500, 'the metrics cannot be read\n');
        failed(error);
      },
    );
  }
}

function reply(response: ServerResponse, status: number, text: string, type = 'text/plain'): void {
  const headers = { 'Content-Type': type, 'Content-Length': Buffer.byteLength(text), Connection: 'close' };
  response.writeHead(status, headers).end(text);
}
