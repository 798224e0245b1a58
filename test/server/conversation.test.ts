import { once } from 'node:events';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import path from 'node:path';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { conversation } from '../../src/server/conversation.ts';
import { tempDir } from '../temp-dir.ts';
import { echo } from './echo.ts';
import { until } from '../relaypass-process.ts';

let server: Server;
let client: Socket;
/** The server's end of the client's connection. */
let served: Socket;

beforeEach(async () => {
  const socketPath = path.join(tempDir(), 'socket');
  server = createServer((socket) => {
    served = socket;
    conversation({ protocol: echo, failed: () => undefined })(socket);
  }).listen(socketPath);
  client = createConnection({ path: socketPath, allowHalfOpen: true });
  await Promise.all([once(server, 'connection'), once(client, 'connect')]);
});
afterEach(() => {
  jest.useRealTimers();
  client.destroy();
  server.close();
});

test('does not read on from a client that does not read its answers, and goes on when it does', async () => {
  const line = `${'x'.repeat(98)}\n`;
  const lines = 100_000;
  client.pause();
  client.write(line.repeat(lines), () => client.end());
  await until(() => served.isPaused(), 'the server to wait');
  expect(served.bytesRead).toBeLessThan((line.length * lines) / 2);
  let received = 0;
  for await (const chunk of client.setEncoding('latin1')) received += String(chunk).length;
  expect(received).toBe(line.length * lines);
});

test('hangs up on a request that takes longer than ten seconds, however it drips', async () => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'performance'] });
  await send('a');
  jest.advanceTimersByTime(9000);
  await send('b');
  jest.advanceTimersByTime(1000);
  expect(served.destroyed).toBe(true);
});

test('gives each request its own ten seconds, and no limit to a client that asks nothing', async () => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'performance'] });
  await send('a');
  jest.advanceTimersByTime(9000);
  await send('\nb');
  jest.advanceTimersByTime(9000);
  await send('\n');
  jest.advanceTimersByTime(3_600_000);
  expect(served.destroyed).toBe(false);
});

test('gives a client that was hung up on ten seconds to do the same', async () => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'performance'] });
  client.setEncoding('latin1');
  client.write('quit\n');
  expect(await once(client, 'data')).toEqual(['bye\n']);
  await send('more');
  jest.advanceTimersByTime(9999);
  expect(served.destroyed).toBe(false);
  jest.advanceTimersByTime(1);
  expect(served.destroyed).toBe(true);
});

test('keeps a connection longer than an SMTP session may be silent', () => {
  expect(served.timeout).toBeGreaterThan(3_600_000);
});

/** Returns when the server has read it. */
async function send(text: string): Promise<void> {
  client.write(text);
  await once(served, 'data');
}
