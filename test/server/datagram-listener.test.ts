import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, expect, test } from '@jest/globals';
import { DatagramListener } from '../../src/server/datagram-listener.ts';
import { whoson, type Book } from '../../src/server/whoson.ts';

const END = '\r\n\r\n';
const NOBODY: Book = { entry: () => undefined, login: () => undefined, logout: () => false, statistics: () => [] };

const listeners: DatagramListener[] = [];
afterEach(async () => {
  for (const listener of listeners.splice(0)) await listener.stop();
});

async function serve(host = '127.0.0.1', book = NOBODY, failures: unknown[] = []) {
  const protocol = whoson(book, (peer) => peer === '127.0.0.1');
  const endpoint = { kind: 'udp', host, port: 0 } as const;
  const listener = new DatagramListener({ endpoint, protocol, failed: (reason) => failures.push(reason) });
  listeners.push(listener);
  return listener.start();
}

async function ask({ host, port }: { host: string; port: number }, datagram: string): Promise<string> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  socket.send(datagram, port, host);
  const [message]: unknown[] = await once(socket, 'message');
  socket.close();
  return String(message);
}

test.each([END, '\r\n', '\n', ''])('takes a datagram that ends with %j', async (end) => {
  expect(await ask(await serve(), `QUERY 192.0.2.7${end}`)).toBe(`-Not Logged in${END}`);
});

test('knows who told of a login', async () => {
  expect(await ask(await serve(), 'LOGIN 192.0.2.7 alice')).toBe(`+LOGIN OK${END}`);
  expect(await ask(await serve('::1'), 'LOGIN 192.0.2.7 alice')).toBe(`*not allowed from here${END}`);
});

test('answers a datagram that is too long or empty with a failure', async () => {
  const failures: unknown[] = [];
  const endpoint = await serve('127.0.0.1', NOBODY, failures);
  expect(await ask(endpoint, `QUERY ${'1'.repeat(2000)}`)).toBe(`*temporary failure${END}`);
  expect(await ask(endpoint, '')).toBe(`*command not found${END}`);
  expect(failures).toEqual([]); // any would end the daemon
});

test('a failure behind it is no success, and is reported', async () => {
  const failures: unknown[] = [];
  const broken = {
    ...NOBODY,
    entry: () => {
      throw new Error('the store failed');
    },
  };
  expect(await ask(await serve('127.0.0.1', broken, failures), 'QUERY 192.0.2.7')).toBe(`*temporary failure${END}`);
  expect(failures).toHaveLength(1);
});

test('refuses to start on a port that is taken', async () => {
  const { host, port } = await serve();
  const second = new DatagramListener({
    endpoint: { kind: 'udp', host, port },
    protocol: whoson(NOBODY, () => false),
    failed: () => undefined,
  });
  listeners.push(second);
  await expect(second.start()).rejects.toThrow(`udp:127.0.0.1:${port}: cannot listen: `);
});

test('leaves its port to the next when it has stopped, however often it is told to', async () => {
  const { port } = await serve();
  const [first] = listeners;
  await first?.stop();
  await first?.stop();
  const endpoint = { kind: 'udp', host: '127.0.0.1', port } as const;
  const second = new DatagramListener({ endpoint, protocol: whoson(NOBODY, () => false), failed: () => undefined });
  listeners.push(second);
  expect(await second.start()).toEqual(endpoint);
});
