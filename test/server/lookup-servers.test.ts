import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { configSchema } from '../../src/config/schema.ts';
import { checkToml } from '../../src/config/toml.ts';
import { createLog } from '../../src/log.ts';
import { admissionRules } from '../../src/login/admission.ts';
import { Tally } from '../../src/metrics/tally.ts';
import { loadLookups } from '../../src/server/lookup.ts';
import { LookupServers } from '../../src/server/lookup-servers.ts';
import type { Store } from '../../src/store/store.ts';
import { addressOf, GRACE_MS, permitted, Place } from '../store/fixture.ts';
import { exchange } from './serving.ts';

let place: Place;
let store: Store;
let servers: LookupServers | undefined;
let changes: number;
let tally: Tally;

beforeEach(async () => {
  place = new Place();
  store = await place.open();
  changes = 0;
  tally = new Tally(place.now);
});
afterEach(async () => {
  await servers?.stop();
  await place.remove();
});

/** Starts what `toml` configures; `DIR` stands for the test's folder. */
async function start(toml: string): Promise<void> {
  const config = checkToml('test.toml', toml.replaceAll('DIR', place.parent), configSchema);
  servers = new LookupServers({
    lookups: loadLookups(config.lookup),
    store,
    rules: admissionRules(config.admission, GRACE_MS),
    clock: () => place.now,
    tally,
    log: createLog({ write: (line) => place.logged.push(line), priorities: false }),
    changed: () => changes++,
    failed: (reason) => {
      throw reason;
    },
  });
  await servers.start();
}

async function ask(socket: string, request: string): Promise<string> {
  return exchange({ kind: 'unix', path: path.join(place.parent, socket) }, request);
}

async function postfixAsks(client: string, sender: string): Promise<string> {
  return ask('policy', `request=smtpd_access_policy\nclient_address=${client}\nsender=${sender}\n\n`);
}

const EVERY = ['socketmap', 'policy', 'tcp', 'whoson']
  .map((protocol) => `[[lookup]]\nprotocol = "${protocol}"\nlisten = "unix:DIR/${protocol}"\n`)
  .join('');

/** What each protocol says of 192.0.2.7, in the order of {@link EVERY}. */
async function answers(): Promise<string[]> {
  return [
    await ask('socketmap', '19:relaypass 192.0.2.7,'),
    await postfixAsks('192.0.2.7', ''),
    await ask('tcp', 'get 192.0.2.7\n'),
    await ask('whoson', 'QUERY 192.0.2.7\r\n\r\n'),
  ];
}

const YES = ['8:OK RELAY,', 'action=permit\n\n', '200 OK\n', '+alice\r\n\r\n'];
const NO = ['9:NOTFOUND ,', 'action=dunno\n\n', '500 not%20found\n', '-Not Logged in\r\n\r\n'];

test('each says yes from the commit of a login on, and no from the millisecond on at which it expires', async () => {
  await start(EVERY);
  expect(await answers()).toEqual(NO);
  store.record({ logins: [place.login('192.0.2.7')] });
  expect(await answers()).toEqual(YES);
  place.now += GRACE_MS - 1;
  expect(await answers()).toEqual(YES);
  place.now += 1;
  expect(await answers()).toEqual(NO);
});

test('each says no as soon as an address is purged', async () => {
  await start(EVERY);
  store.record({ logins: [place.login('192.0.2.7')] });
  store.purge({ address: addressOf('192.0.2.7') });
  expect(await answers()).toEqual(NO);
});

test('bound to the user, an address relays only for the senders of who logged in there', async () => {
  writeFileSync(path.join(place.parent, 'senders'), 'alice alice@example.com\n');
  await start(EVERY.replace('[[lookup]]\nprotocol = "tcp"', 'bind_sender = "user"\nsender_map = "DIR/senders"\n$&'));
  store.record({ logins: [place.login('192.0.2.7')] });
  expect(await postfixAsks('192.0.2.7', 'alice@example.com')).toBe('action=permit\n\n');
  expect(place.logged.join('')).not.toContain('refused');
  expect(await postfixAsks('192.0.2.7', 'eve@example.com')).toBe('action=dunno\n\n');
  expect(await postfixAsks('192.0.2.7', '')).toBe('action=dunno\n\n');
  expect(place.logged.join('')).toMatch(/refused a sender address=192.0.2.7 users=alice sender=<eve@example.com>/);
  place.now += GRACE_MS / 2;
  store.record({ logins: [place.login('192.0.2.7', 'eve@example.com')] });
  place.now += GRACE_MS / 2;
  expect(await postfixAsks('192.0.2.7', 'eve@example.com')).toBe('action=permit\n\n');
  expect(await postfixAsks('192.0.2.7', 'alice@example.com')).toBe('action=dunno\n\n');
});

test('bound to the domain, a socketmap key without a sender permits nothing', async () => {
  await start('[[lookup]]\nprotocol = "socketmap"\nlisten = "unix:DIR/socketmap"\nbind_sender = "domain"\n');
  store.record({ logins: [place.login('192.0.2.7', 'alice@example.com')] });
  expect(await ask('socketmap', '37:relaypass 192.0.2.7 <bob@example.com>,')).toBe('8:OK RELAY,');
  expect(await ask('socketmap', '37:relaypass 192.0.2.7 <bob@example.org>,')).toBe('9:NOTFOUND ,');
  expect(await ask('socketmap', '19:relaypass 192.0.2.7,')).toBe('9:NOTFOUND ,');
});

const WHOSON = '[[lookup]]\nprotocol = "whoson"\nlisten = "unix:DIR/whoson"\nallow = ["unix"]\n';

test('a login that whoson told counts like one of the log, and its logout takes it back', async () => {
  await start(WHOSON);
  expect(await ask('whoson', 'LOGIN 192.0.2.9 bob\r\n\r\n')).toBe('+LOGIN OK\r\n\r\n');
  expect(store.entry(addressOf('192.0.2.9'))).toMatchObject({
    expiresAt: place.now + GRACE_MS,
    logins: [{ user: 'bob', service: 'whoson', evidence: { by: 'whoson', client: 'unix' } }],
  });
  expect(changes).toBe(1);
  expect(await ask('whoson', 'LOGIN 192.0.2.9 bob\n\nLIST\n\n')).toContain('addresses 1');
  expect(changes).toBe(1);
  expect(await ask('whoson', 'LOGOUT 192.0.2.9\r\n\r\n')).toBe('+LOGOUT record deleted\r\n\r\n');
  expect(permitted(store)).toEqual([]);
  expect(changes).toBe(2);
  expect(place.logged.slice(1)).toEqual([
    `granted address=192.0.2.9 user=bob service=whoson until=${new Date(place.now + GRACE_MS).toISOString()}\n`,
    'logged out address=192.0.2.9 user=bob service=whoson\n',
  ]);
});

test('a login that whoson told without a name permits its address', async () => {
  await start(WHOSON);
  expect(await ask('whoson', 'LOGIN 192.0.2.9\n\nQUERY 192.0.2.9\n\n')).toBe('+LOGIN OK\r\n\r\n+\r\n\r\n');
  expect(permitted(store)).toEqual(['192.0.2.9']);
});

test("whoson cannot take back what the log showed, nor an admin's grant", async () => {
  await start(WHOSON);
  const evidence = { by: 'admin', name: 'root' } as const;
  store.record({ logins: [place.login('192.0.2.7'), place.login('192.0.2.8', 'carol', { evidence })] });
  for (const address of permitted(store)) {
    expect(await ask('whoson', `LOGOUT ${address}\n\n`)).toBe('+LOGOUT no such record, nothing done\r\n\r\n');
  }
  expect(changes).toBe(0);
  expect(permitted(store)).toEqual(['192.0.2.7', '192.0.2.8']);
});

test('what whoson tells passes the rules of admission and the caps', async () => {
  await start(
    `${WHOSON}[admission]\nnever_networks = ["203.0.113.0/24"]\nnever_users = ["guest"]\nown_networks = ["10.0.0.0/8"]\n`,
  );
  for (const claim of [
    '203.0.113.5 bob',
    '192.0.2.9 guest',
    '10.0.0.1 bob',
    `192.0.2.9 ${'x'.repeat(256)}`,
    '192.0.2.9 a\u0007',
  ]) {
    expect(await ask('whoson', `LOGIN ${claim}\n\n`)).toMatch(/^\*not recorded: /);
  }
  for (let last = 1; last <= 10; last++) await ask('whoson', `LOGIN 192.0.2.${last} bob\n\n`);
  expect(await ask('whoson', 'LOGIN 192.0.2.11 bob\n\n')).toMatch(/^\*not recorded: max_addresses_per_user is reached/);
  expect(permitted(store)).toHaveLength(10);
  expect(tally.refused.of('never-network')).toBe(1);
});

test('nobody may tell whoson of logins unless he is allowed', async () => {
  await start(WHOSON.replace(/^allow.*/m, 'allow = ["127.0.0.0/8", "::1"]'));
  expect(await ask('whoson', 'LOGIN 192.0.2.9 eve\n\n')).toBe('*not allowed from here\r\n\r\n');
  expect(permitted(store)).toEqual([]);
});

test('when one cannot listen none does', async () => {
  writeFileSync(path.join(place.parent, 'tcp'), '');
  await expect(start(EVERY)).rejects.toThrow('DIR/tcp: cannot listen'.replace('DIR', place.parent));
  await expect(ask('socketmap', '')).rejects.toThrow('ENOENT');
});

test('says once that it hangs up on clients, since there are as many as it takes', async () => {
  await start(EVERY);
  const tcp = { path: path.join(place.parent, 'tcp') };
  const clients: Socket[] = [];
  while (clients.length < 1000) clients.push(await connected(createConnection(tcp)));
  for (let more = 0; more < 2; more++) expect(await ask('tcp', 'get 192.0.2.7\n').catch(() => '')).toBe('');
  expect(place.logged.filter((line) => line.includes('too many'))).toEqual([
    `warn: hung up on a client, since too many are connected protocol=tcp listen=unix:${tcp.path}\n`,
  ]);
  clients.forEach((client) => client.destroy());
});

/** Once the server has it: so many connections must not wait to be taken. */
async function connected(client: Socket): Promise<Socket> {
  client.write('get unknown\n');
  await once(client, 'data');
  return client;
}

test('counts how requests were answered, what is none as failed', async () => {
  await start(EVERY);
  await answers();
  await ask('socketmap', 'no netstring');
  await ask('policy', 'x'.repeat(100_000));
  await ask('tcp', 'x'.repeat(100_000));
  await ask('whoson', 'x'.repeat(100_000));
  for (const protocol of ['socketmap', 'policy', 'tcp', 'whoson'])
    expect(tally.lookup(protocol).all()).toEqual([
      ['not-permitted', 1],
      ['failed', 1],
    ]);
});
