import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { anySender, boundSender, type SenderPart } from '../../src/server/sender.ts';
import { parseSenderMap } from '../../src/server/sender-map.ts';
import type { Entry } from '../../src/store/entry.ts';
import { addressOf, MINUTE_MS, START } from '../store/fixture.ts';

const MAP = parseSenderMap(
  `# login  senders
alice   alice@example.com Sales@Example.com

scanner @example.org
alice   a@example.net`,
  'senders',
);

function entry(...users: string[]): Entry {
  const address = addressOf('192.0.2.7');
  const expiresAt = START + MINUTE_MS;
  const evidence = { by: 'admin', name: 'root' } as const;
  const rest = { address, service: 'imap', at: START, expiresAt, session: undefined, evidence };
  return { address, expiresAt, logins: users.map((user) => ({ ...rest, user })) };
}

test.each<[SenderPart, string, string, boolean]>([
  ['user', 'bob@example.com', 'bob@example.com', true],
  ['user', 'Bob@Example.com', 'bOB@eXAMPLE.COM', true],
  ['user', 'bob@example.com', 'eve@example.com', false],
  ['user', 'bob@example.com', 'bob@example.org', false],
  ['user', 'bob', 'bob@example.com', false],
  ['user', 'bob', 'bob', false],
  ['user', 'alice', 'alice@example.com', true],
  ['user', 'alice', 'sales@example.com', true],
  ['user', 'ALICE', 'a@example.net', true],
  ['user', 'alice', 'bob@example.com', false],
  ['user', 'scanner', 'whoever@example.org', true],
  ['user', 'scanner', 'whoever@sub.example.org', false],
  ['user', 'scanner', 'whoever@notexample.org', false],
  ['user', 'bob@example.com', 'x@evil.example@example.com', false],
  ['domain', 'bob@example.com', 'eve@example.com', true],
  ['domain', 'bob@example.com', 'eve@example.org', false],
  ['domain', 'bob', 'bob@example.com', false],
  ['domain', 'bob', 'bob', false],
  ['domain', 'alice', 'anybody@example.net', true],
  ['domain', 'scanner', 'anybody@example.org', true],
  ['domain', 'scanner', 'anybody@example.com', false],
  ['domain', 'bob@example.com', 'x@example.com@evil.example', false],
])('%s: %s as %s: %s', (part, user, sender, allowed) => {
  expect(boundSender(part, MAP)(entry(user), sender)).toBe(allowed);
});

test.each<SenderPart>(['user', 'domain'])('%s: nobody sends as nobody, or as what no sender can be', (part) => {
  const rule = boundSender(part, MAP);
  const user = entry('bob@example.com', '', '@example.com', 'b\ufffdb@example.com', 'b b@example.com', '@');
  for (const sender of [
    undefined,
    '',
    '@',
    '@example.com',
    'b\ufffdb@example.com',
    'b b@example.com',
    'a\n@example.com',
  ])
    expect(rule(user, sender)).toBe(false);
});

test('any of the users behind an address may send as himself, and no other', () => {
  const rule = boundSender('user', MAP);
  const shared = entry('bob@example.com', 'alice');
  expect(rule(shared, 'bob@example.com')).toBe(true);
  expect(rule(shared, 'alice@example.com')).toBe(true);
  expect(rule(shared, 'carol@example.com')).toBe(false);
});

test('a sender of the right domain is not enough for the user, and every sender of the user is of his domain', () => {
  const name = fc.stringMatching(/^[a-zA-Z0-9.+@"%!]{1,8}$/);
  const mail = fc
    .tuple(name, fc.constantFrom('example.com', 'EXAMPLE.com', 'example.org'))
    .map((parts) => parts.join('@'));
  fc.assert(
    fc.property(mail, mail, (user, sender) => {
      const same = user.toLowerCase() === sender.toLowerCase();
      expect(boundSender('user', new Map())(entry(user), sender)).toBe(same);
      expect(boundSender('domain', new Map())(entry(user), sender)).toBe(domainOf(user) === domainOf(sender));
    }),
  );
});

test('without bind_sender anybody sends as anybody', () => {
  expect(anySender(entry('bob'), 'eve@example.com')).toBe(true);
});

test.each([
  ['alice', 'nothing behind the login name'],
  ['alice alice', '"alice"'],
  ['alice a@b.example x@', '"x@"'],
  ['alice a@b@c.example', '"a@b@c.example"'],
])('refuses the line %j with its number', (line, found) => {
  expect(() => parseSenderMap(`# a comment\n${line}\n`, '/etc/senders')).toThrow(
    `/etc/senders:2: expected a login name and its senders, such as "alice alice@example.com @example.org", found ${found}`,
  );
});

function domainOf(mail: string): string | undefined {
  return mail.toLowerCase().split('@').at(-1);
}
