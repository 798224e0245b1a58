import { createConnection } from 'node:net';
import { once } from 'node:events';
import path from 'node:path';
import { afterEach, expect, jest, test } from '@jest/globals';
import { ScrapeServer } from '../../src/metrics/scrape-server.ts';
import { until } from '../relaypass-process.ts';
import { exchange } from '../server/serving.ts';
import { tempDir } from '../temp-dir.ts';

const GET = 'GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n';

let server: ScrapeServer | undefined;
afterEach(async () => {
  jest.useRealTimers();
  await server?.stop();
});

async function serve(text: () => Promise<string>, failed: (reason: unknown) => void = () => undefined) {
  const endpoint = { kind: 'unix', path: path.join(tempDir(), 'socket') } as const;
  server = new ScrapeServer({ endpoint, exposition: { contentType: 'text/plain', text }, failed });
  await server.start();
  return endpoint;
}

test('hangs up on a client that has not sent its request after ten seconds, however it drips', async () => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
  const client = createConnection((await serve(() => Promise.resolve(''))).path);
  const closed = new Promise((resolve) => client.on('error', () => undefined).on('close', resolve)); // it may be a reset
  client.write('GET /met');
  await once(client, 'connect');
  while (jest.getTimerCount() === 0) await new Promise((resolve) => setImmediate(resolve));
  jest.advanceTimersByTime(9_000);
  client.write('rics');
  jest.advanceTimersByTime(1_000);
  await closed;
});

test('closes the fifth connection at once', async () => {
  const endpoint = await serve(() => Promise.resolve('all\n'));
  const clients = Array.from({ length: 4 }, () => createConnection(endpoint.path));
  await Promise.all(clients.map((client) => once(client, 'connect')));
  expect(await exchange(endpoint, GET).catch(() => '')).toBe('');
  for (const client of clients) client.destroy();
  let said = '';
  while (said === '') said = await exchange(endpoint, GET).catch(() => ''); // until the server has seen them go
  expect(said).toMatch(/^HTTP\/1.1 200 OK\r\n[^]*\r\n\r\nall\n$/);
});

test('answers 500 where the metrics cannot be read, and tells the daemon, which ends', async () => {
  const failures: unknown[] = [];
  const endpoint = await serve(
    () => Promise.reject(new Error('the store failed')),
    (reason) => failures.push(reason),
  );
  expect(await exchange(endpoint, GET)).toMatch(/^HTTP\/1.1 500 /);
  await until(() => failures.length === 1, 'the failure to be told');
});
