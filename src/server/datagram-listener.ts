/**
 * Answers one protocol's requests over UDP: each datagram is one request, with or without the end that a stream needs.
 * The socket is on loopback, where the kernel lets no packet in from outside, whatever source it claims.
 */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { EXIT, OperationalError, reasonOf } from '../errors.ts';
import { formatEndpoint, type DatagramEndpoint } from './endpoint.ts';
import type { Protocol } from './protocol.ts';

const END_OF_REQUEST = Buffer.from('\r\n\r\n'); // what whoson, the one protocol over UDP, wants on a stream

export interface DatagramListenerParts {
  readonly endpoint: DatagramEndpoint;
  readonly protocol: Protocol;
  /** Called with what was thrown where an answer should have been made; it must end the process. */
  readonly failed: (reason: unknown) => void;
}

export class DatagramListener {
  readonly #parts: DatagramListenerParts;
  readonly #socket: Socket;
  #isOpen = true;

  constructor(parts: DatagramListenerParts) {
    this.#parts = parts;
    this.#socket = createSocket({ type: parts.endpoint.host.includes(':') ? 'udp6' : 'udp4' });
    this.#socket.on('message', (message, from) => this.#answer(message, from));
  }

  /**
   * Listens; the result tells the port that the system chose for port 0.
   * @throws OperationalError exit 73 when the endpoint is taken
   */
  async start(): Promise<DatagramEndpoint> {
    const { endpoint, failed } = this.#parts;
    try {
      this.#socket.bind(endpoint.port, endpoint.host);
      await once(this.#socket, 'listening');
    } catch (error) {
      const message = `${formatEndpoint(endpoint)}: cannot listen: ${reasonOf(error)}`;
      throw new OperationalError('cannot-listen', EXIT.cantCreate, message, { cause: error });
    }
    this.#socket.on('error', failed);
    return { ...endpoint, port: this.#socket.address().port };
  }

  /** Idempotent. */
  async stop(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    await new Promise<void>((resolve) => this.#socket.close(resolve));
  }

  #answer(message: Buffer, { address, port }: RemoteInfo): void {
    this.#socket.send(this.#textFor(message, address), port, address, askAgain);
  }

  #textFor(message: Buffer, peer: string): string {
    const { protocol, failed } = this.#parts;
    try {
      const taken = protocol.take(Buffer.concat([message, END_OF_REQUEST]));
      return (taken.kind === 'request' ? protocol.answer(taken.request, peer) : protocol.fail()).text;
    } catch (error) {
      failed(error);
      return protocol.fail().text;
    }
  }
}

/** An answer that is lost needs nothing: the client asks again, or is gone. */
function askAgain(): void {}
