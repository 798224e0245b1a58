import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createConnection, createServer, type Socket } from 'node:net';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { conversation } from '../../src/server/conversation.ts';
import { Listener } from '../../src/server/listener.ts';
import { tempDir } from '../temp-dir.ts';
import { echo } from './echo.ts';
import { exchange, serve } from './serving.ts';

const failed = () => undefined;

test('answers on a unix socket that only its owner and its group can open', async () => {
  const dir = tempDir();
  chmodSync(dir, 0o2750);
  const endpoint = { kind: 'unix', path: path.join(dir, 'socket') } as const;
  await serve(echo, { endpoint });
  expect(await exchange(endpoint, 'a\nwho\n')).toBe('a\nunix\n');
  expect(statSync(endpoint.path).mode & 0o777).toBe(0o660);
});

const asRoot = process.getuid?.() === 0 ? test : test.skip;
asRoot("gives a socket its folder's group where the folder is set-group-id", async () => {
  const dir = path.join(tempDir(), 'for-the-mta');
  mkdirSync(dir);
  chownSync(dir, 0, 8);
  chmodSync(dir, 0o2750);
  await serve(echo, { endpoint: { kind: 'unix', path: path.join(dir, 'socket') } });
  expect(statSync(path.join(dir, 'socket')).gid).toBe(8);
});

test('answers on loopback TCP', async () => {
  const endpoint = await serve(echo, { endpoint: { kind: 'inet', host: '127.0.0.1', port: 0 } });
  expect(await exchange(endpoint, 'who\n')).toBe('127.0.0.1\n');
});

test('replaces the socket of a daemon that was killed', async () => {
  const endpoint = { kind: 'unix', path: path.join(tempDir(), 'socket') } as const;
  const script = `require('net').createServer().listen(${JSON.stringify(endpoint.path)}, () => console.log('listens'))`;
  const dead = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(dead.stdout, 'data');
  dead.kill('SIGKILL');
  await once(dead, 'close');
  expect(existsSync(endpoint.path)).toBe(true);
  await serve(echo, { endpoint });
  expect(await exchange(endpoint, 'a\n')).toBe('a\n');
});

test('leaves the socket of a running daemon alone, and says so', async () => {
  const endpoint = await serve(echo);
  await expect(serve(echo, { endpoint })).rejects.toMatchObject({
    code: 'cannot-listen',
    exitStatus: 73,
    message: expect.stringMatching(/^unix:.*socket: cannot listen: another process listens there/),
  });
  expect(await exchange(endpoint, 'a\n')).toBe('a\n');
});

test('leaves a file alone that is no socket, and says so', async () => {
  const endpoint = { kind: 'unix', path: path.join(tempDir(), 'socket') } as const;
  writeFileSync(endpoint.path, 'precious');
  await expect(serve(echo, { endpoint })).rejects.toThrow('a file that is no socket');
  expect(readFileSync(endpoint.path, 'utf8')).toBe('precious');
});

test('refuses to start on a port that is taken', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const taken = other.address();
  const port = typeof taken === 'object' && taken !== null ? taken.port : 0;
  await expect(serve(echo, { endpoint: { kind: 'inet', host: '127.0.0.1', port } })).rejects.toThrow('EADDRINUSE');
  other.close();
});

test('takes a request that comes byte by byte, and hangs up on one that is too long', async () => {
  const endpoint = await serve(echo);
  expect(await exchange(endpoint, 'a', 'b', 'c', '\n')).toBe('abc\n');
  expect(await exchange(endpoint, `${'x'.repeat(99)}\n`)).toBe(`${'x'.repeat(99)}\n`);
  expect(await exchange(endpoint, `${'x'.repeat(100)}\n`, 'a\n')).toBe('later\n');
  expect(await exchange(endpoint, 'x'.repeat(101))).toBe('later\n');
});

test('answers nothing to a request that does not end', async () => {
  expect(await exchange(await serve(echo), 'a\nb')).toBe('a\n');
});

test('serves a thousand clients at a time and hangs up on the next', async () => {
  const endpoint = await serve(echo);
  const clients: Socket[] = [];
  while (clients.length < 1000) {
    const client = createConnection(endpoint);
    client.write('a\n');
    await once(client, 'data');
    clients.push(client);
  }
  expect(await exchange(endpoint, 'b\n').catch(() => '')).toBe(''); // closed, or reset since it had written
  for (const client of clients) client.destroy();
  await Promise.all(clients.map(async (client) => once(client, 'close')));
  let said = '';
  while (said === '') said = await exchange(endpoint, 'c\n').catch(() => ''); // until the server has seen them go
  expect(said).toBe('c\n');
});

test('hangs up on its clients and removes its socket when it stops, which may be said twice', async () => {
  const endpoint = { kind: 'unix', path: path.join(tempDir(), 'socket') } as const;
  const listener = new Listener({ endpoint, serve: conversation({ protocol: echo, failed }), failed });
  await listener.start();
  const client = createConnection(endpoint.path);
  client.write('a\n');
  await once(client, 'data');
  await listener.stop();
  await once(client, 'close');
  expect(existsSync(endpoint.path)).toBe(false);
  await listener.stop();
});
