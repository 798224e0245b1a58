/** What earlier systems got wrong, where the daemon as a whole decides: a test for each, by the system's name. */
import { closeSync, openSync, readFileSync, statSync, truncateSync } from 'node:fs';
import { connect } from 'node:net';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, test } from '@jest/globals';
import { TestHost, until } from './relaypass-process.ts';

const GRACE_MS = 1_800_000;
const HOUR_MS = 3_600_000;
/** What is left of the grace when a login is read: long enough for a busy machine to publish it. */
const LEFT_MS = 8_000;

test('pop-before-smtp: on a silent log an entry leaves the map when its time is up', async () => {
  const host = new TestHost();
  await host.startDaemon();
  host.login('alice', '198.51.100.7', GRACE_MS - LEFT_MS);
  await host.untilPermitted('198.51.100.7');
  await host.untilPermitted();
});

test('pop-before-smtp: a line stamped an hour ahead keeps neither itself nor another address past its time', async () => {
  const host = new TestHost();
  await host.startDaemon();
  host.login('alice', '198.51.100.7', GRACE_MS - LEFT_MS);
  host.login('bob', '198.51.100.8', -HOUR_MS);
  await host.untilPermitted('198.51.100.7', '198.51.100.8');
  await host.untilPermitted('198.51.100.8');
  expect(host.run('list').stdout).toMatch(/^198\.51\.100\.8 .* (?:29m \d\ds|30m 00s) /m);
});

test('pop-before-smtp: neither copytruncate nor a restart loses a login', async () => {
  const host = new TestHost();
  const first = await host.startDaemon();
  for (const user of ['a', 'b', 'c']) host.login(user, '198.51.100.7');
  await host.untilPermitted('198.51.100.7');
  truncateSync(host.log);
  host.login('alice', '198.51.100.8');
  await host.untilPermitted('198.51.100.7', '198.51.100.8');
  await first.end('SIGTERM');
  host.login('alice', '198.51.100.9');
  await host.startDaemon();
  await host.untilPermitted('198.51.100.7', '198.51.100.8', '198.51.100.9');
});

test('EXACT: a login that was made while the daemon was down counts', async () => {
  const host = new TestHost();
  host.login('alice', '198.51.100.7');
  await host.startDaemon();
  await host.untilPermitted('198.51.100.7');
});

test('POPRelay: a login again lengthens an entry', async () => {
  const host = new TestHost();
  await host.startDaemon();
  host.login('alice', '198.51.100.7', GRACE_MS / 2);
  await host.untilPermitted('198.51.100.7');
  expect(host.run('list').stdout).toMatch(/ 1\dm \d\ds /);
  host.login('alice', '198.51.100.7');
  await until(() => /(?:29m \d\ds|30m 00s)/.test(host.run('list').stdout), 'the entry to be lengthened');
});

test('POPRelay: who reads a map while it is replaced goes on reading the one before, whole', async () => {
  const host = new TestHost();
  await host.startDaemon();
  host.login('alice', '198.51.100.7');
  await host.untilPermitted('198.51.100.7');
  const opened = openSync(host.map, 'r');
  const { ino } = statSync(host.map);
  host.login('bob', '198.51.100.8');
  await host.untilPermitted('198.51.100.7', '198.51.100.8');
  expect(statSync(host.map).ino).not.toBe(ino);
  expect(readFileSync(opened, 'utf8')).toBe('198.51.100.7\n');
  closeSync(opened);
});

test('gowhoson: a bare LOGIN is answered as an error, and ends nothing', async () => {
  const endpoint = path.join(new TestHost().dir, 'whoson');
  const host = new TestHost(`[[lookup]]\nprotocol = "whoson"\nlisten = "unix:${endpoint}"\n`);
  await host.startDaemon();
  for (const request of ['LOGIN', 'LOGIN ', 'LOGOUT', 'LOGIN 198.51.100.7']) {
    const reply = await ask(endpoint, `${request}\r\n\r\n`);
    expect(reply).toMatch(/^[*-]/);
  }
  host.login('alice', '198.51.100.7');
  await host.untilPermitted('198.51.100.7');
});

async function ask(endpoint: string, request: string): Promise<string> {
  const socket = connect(endpoint);
  socket.end(request);
  return text(socket);
}
