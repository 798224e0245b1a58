import path from 'node:path';
import { expect, test } from '@jest/globals';
import { configSchema } from '../../src/config/schema.ts';
import { checkToml } from '../../src/config/toml.ts';
import { loadLookups } from '../../src/server/lookup.ts';
import { tempDir } from '../temp-dir.ts';

function load(toml: string) {
  return loadLookups(checkToml('relaypass.toml', toml, configSchema).lookup);
}

test('there is none by default', () => {
  expect(load('')).toEqual([]);
});

test.each([
  [
    'listen = "inet:0.0.0.0:9001"',
    'relaypass.toml:3: lookup[1].listen: expected "unix:/PATH" or a loopback address and port such as "inet:127.0.0.1:9001", found "inet:0.0.0.0:9001"',
  ],
  [
    'listen = "udp:127.0.0.1:9001"',
    'relaypass.toml:3: lookup[1].listen: expected "unix:/PATH" or "inet:ADDRESS:PORT": only whoson answers over UDP',
  ],
  ['listen = "unix:/x"\nbind_sender = "user"', 'relaypass.toml:4: lookup[1].bind_sender: unknown option'],
  ['listen = "unix:/x"\nallow = []', 'relaypass.toml:4: lookup[1].allow: unknown option'],
])('refuses %s for a protocol that cannot have it', (option, complaint) => {
  expect(() => load(`[[lookup]]\nprotocol = "tcp"\n${option}\n`)).toThrow(complaint);
});

test('refuses a protocol that it does not know', () => {
  expect(() => load('[[lookup]]\nprotocol = "finger"\nlisten = "unix:/x"\n')).toThrow(
    'relaypass.toml:2: lookup[1].protocol',
  );
});

test('refuses a sender map that cannot be read', () => {
  const file = path.join(tempDir(), 'senders');
  const toml = `[[lookup]]\nprotocol = "policy"\nlisten = "unix:/x"\nbind_sender = "user"\nsender_map = "${file}"\n`;
  expect(() => load(toml)).toThrow(`${file}: the sender map cannot be read`);
});

test.each([
  ['[]', '127.0.0.1', false],
  ['["127.0.0.1"]', '127.0.0.1', true],
  ['["127.0.0.1"]', '127.0.0.2', false],
  ['["127.0.0.0/8"]', '127.3.2.1', true],
  ['["0.0.0.0/0"]', '127.0.0.1', true],
  ['["0.0.0.0/0"]', '::1', false],
  ['["0.0.0.0/0", "::/0"]', 'unix', false],
  ['["unix"]', 'unix', true],
  ['["unix"]', '127.0.0.1', false],
  ['["unix"]', '::1%lo', false],
  ['["::1"]', '::1', true],
])('allow = %s: %s: %s', (allow, peer, isAllowed) => {
  const [lookup] = load(`[[lookup]]\nprotocol = "whoson"\nlisten = "udp:127.0.0.1:9876"\nallow = ${allow}\n`);
  expect(lookup?.protocol === 'whoson' && lookup.isAllowed(peer)).toBe(isAllowed);
});
