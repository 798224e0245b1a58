/** A conversation in lines over TCP, from a source address of the test's choice. */
import { createConnection, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { until } from './program.ts';

const REPLY_MS = 30_000;

export interface Route {
  /** The client's address, which must be one of the host's. */
  readonly from: string;
  readonly to: string;
}

export class Dialogue {
  readonly #socket: Socket;
  readonly #lines: AsyncIterator<string>;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#lines = createInterface({ input: socket, crlfDelay: Infinity })[Symbol.asyncIterator]();
  }

  /** Connects. @throws Error where nobody listens */
  static async open({ from, to }: Route, port: number): Promise<Dialogue> {
    const socket = createConnection({ host: to, port, localAddress: from, timeout: REPLY_MS });
    socket.once('timeout', () => socket.destroy(new Error(`no reply from ${to}:${port}`)));
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return new Dialogue(socket);
  }

  async line(): Promise<string> {
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error('the server closed the connection');
    return value;
  }

  /** The next line which `pattern` matches; the ones before it are skipped. */
  async lineLike(pattern: RegExp): Promise<string> {
    for (;;) {
      const line = await this.line();
      if (pattern.test(line)) return line;
    }
  }

  send(line: string): void {
    this.#socket.write(`${line}\r\n`);
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** Waits until a server accepts connections and greets. */
export async function untilGreeted(to: string, port: number, context: () => string = () => ''): Promise<void> {
  const greeted = async () => {
    try {
      const dialogue = await Dialogue.open({ from: to, to }, port);
      await dialogue.line();
      dialogue.close();
      return true;
    } catch {
      return false; // not yet
    }
  };
  await until(`a greeting from ${to}:${port}`, greeted, { context });
}
