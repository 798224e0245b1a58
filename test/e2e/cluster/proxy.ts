/** A network between a node and the server that can be cut so that nothing comes back, slowed down, or led elsewhere. */
import { once } from 'node:events';
import { createConnection, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach } from '@jest/globals';

const proxies: Proxy[] = [];

afterEach(() => {
  for (const proxy of proxies.splice(0)) proxy.close();
});

export class Proxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #target: number;
  #isCut = false;
  #connections = 0;
  /** How long each piece takes in each direction, on the connection that was the nth, from 1 on. */
  delayMs: (nth: number) => number = () => 0;

  private constructor(target: number) {
    this.#target = target;
    this.#server = createServer((client) => this.#connect(client));
  }

  static async start(target: number): Promise<Proxy> {
    const proxy = new Proxy(target);
    proxies.push(proxy);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get url(): string {
    return `redis://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** From now on whatever is sent vanishes, both ways, and connections are taken and never answered. */
  cut(): void {
    this.#isCut = true;
  }

  /** Connections that were cut are dead; new ones work. */
  heal(): void {
    this.#isCut = false;
    for (const socket of this.#sockets) socket.destroy();
  }

  /** New connections go to another port, and the old ones end. */
  lead(target: number): void {
    this.#target = target;
    for (const socket of this.#sockets) socket.destroy();
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #connect(client: Socket): void {
    const server = createConnection(this.#target, '127.0.0.1');
    const nth = ++this.#connections;
    this.#pass(client, server, nth);
    this.#pass(server, client, nth);
  }

  #pass(from: Socket, to: Socket, nth: number): void {
    this.#sockets.add(from);
    from.on('data', (bytes) => this.#later(nth, () => to.write(bytes)));
    from.on('error', () => to.destroy());
    from.on('close', () => {
      this.#sockets.delete(from);
      this.#later(nth, () => to.destroy());
    });
  }

  #later(nth: number, act: () => void): void {
    if (this.#isCut) return;
    const delayMs = this.delayMs(nth);
    if (delayMs === 0) act();
    else setTimeout(act, delayMs);
  }
}
