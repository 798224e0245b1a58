import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { whoson, type Book } from '../../src/server/whoson.ts';
import type { Entry } from '../../src/store/entry.ts';
import { addressOf } from '../store/fixture.ts';
import { exchange, serve, type Failures } from './serving.ts';

const END = '\r\n\r\n';

/** A book that keeps what it is told, and permits `known` besides. */
function memoryBook(known: Record<string, string> = {}) {
  const users = new Map(Object.entries(known));
  const told: string[] = [];
  const book: Book = {
    entry: (address) => {
      const user = users.get(address);
      return user === undefined ? undefined : entryOf(address, user);
    },
    login: (address, user, peer) => {
      told.push(`${peer}: ${address} is ${user}`);
      if (user === 'guest') return 'the user is in never_users';
      users.set(address, user);
      return undefined;
    },
    logout: (address) => users.delete(address),
    statistics: () => [`addresses ${users.size}`],
  };
  return Object.assign(book, { told });
}

function entryOf(text: string, user: string): Entry {
  const address = addressOf(text);
  const evidence = { by: 'admin', name: 'root' } as const;
  const login = { address, user, service: 'imap', at: 1, expiresAt: 2, session: undefined, evidence };
  return { address, expiresAt: 2, logins: [login] };
}

const anybody = () => true;
const nobody = () => false;

test.each([
  ['QUERY 192.0.2.7', '+alice'],
  ['query   192.0.2.7 ', '+alice'],
  ['QUERY 192.0.2.8', '-Not Logged in'],
  ['QUERY 2001:DB8:0::8', '+bob'],
  ['QUERY ::ffff:192.0.2.7', '+alice'],
  ['QUERY bogus', '*command parse error'],
  ['QUERY', '*command parse error'],
  ['QUERY 127.0.0.1', '*command parse error'],
  ['LIST', '+LIST\r\naddresses 2'],
  ['QUIT', '+QUIT OK'],
  ['FROB 192.0.2.7', '*command not found'],
  ['constructor', '*command not found'],
  ['__proto__', '*command not found'],
  ['QUERY 192.0.2.8\r\nQUERY 192.0.2.7', '*command parse error'],
])('answers %j with %j', async (request, reply) => {
  const endpoint = await serve(whoson(memoryBook({ '192.0.2.7': 'alice', '2001:db8::8': 'bob' }), nobody));
  expect(await exchange(endpoint, `${request}${END}`)).toBe(reply + END);
});

test('an allowed client tells of logins and logouts', async () => {
  const endpoint = await serve(whoson(memoryBook(), anybody));
  const requests = [
    'LOGIN 192.0.2.7 alice  of  example',
    'QUERY 192.0.2.7',
    'LOGOUT 192.0.2.7',
    'LOGOUT 192.0.2.7',
    'QUERY 192.0.2.7',
  ];
  const replies = [
    '+LOGIN OK',
    '+alice of example',
    '+LOGOUT record deleted',
    '+LOGOUT no such record, nothing done',
    '-Not Logged in',
  ];
  expect(await exchange(endpoint, ...requests.map((each) => each + END))).toBe(
    replies.map((each) => each + END).join(''),
  );
});

test('a login without a name is answered with a bare +', async () => {
  const endpoint = await serve(whoson(memoryBook(), anybody));
  expect(await exchange(endpoint, `LOGIN 2001:DB8::7${END}QUERY 2001:db8:0::7${END}`)).toBe(`+LOGIN OK${END}+${END}`);
});

test('a login that the rules refuse is no success, and says why', async () => {
  const endpoint = await serve(whoson(memoryBook(), anybody));
  expect(await exchange(endpoint, `LOGIN 192.0.2.7 guest${END}`)).toBe(
    `*not recorded: the user is in never_users${END}`,
  );
});

test('a client that is not allowed changes nothing', async () => {
  const book = memoryBook({ '192.0.2.7': 'alice' });
  const endpoint = await serve(whoson(book, nobody));
  const requests = [
    'LOGIN 192.0.2.8 eve',
    'login 192.0.2.8 eve',
    'LOGOUT 192.0.2.7',
    'Logout 192.0.2.7',
    'QUERY 192.0.2.7',
  ];
  const said = await exchange(endpoint, requests.map((each) => each + END).join(''));
  expect(said).toBe(`${`*not allowed from here${END}`.repeat(4)}+alice${END}`);
  expect(book.told).toEqual([]);
});

test('asks for the peer of a TCP connection whether it is allowed', async () => {
  const peers: string[] = [];
  const isAllowed = (peer: string) => peers.push(peer) > 0;
  const endpoint = await serve(whoson(memoryBook(), isAllowed), {
    endpoint: { kind: 'inet', host: '127.0.0.1', port: 0 },
  });
  await exchange(endpoint, `LOGIN 192.0.2.7 alice${END}`);
  expect(peers).toEqual(['127.0.0.1']);
});

test('takes bare line feeds, and ends the connection after QUIT', async () => {
  const endpoint = await serve(whoson(memoryBook({ '192.0.2.7': 'alice' }), nobody));
  expect(await exchange(endpoint, 'QUERY 192.0.2.7\n\nQUIT\n\nQUERY 192.0.2.7\n\n')).toBe(`+alice${END}+QUIT OK${END}`);
});

test('a user name from a log cannot forge an answer', async () => {
  const endpoint = await serve(whoson(memoryBook({ '192.0.2.7': 'a\r\n\r\n+b' }), nobody));
  expect(await exchange(endpoint, `QUERY 192.0.2.7${END}`)).toBe(`+a\\u{d}\\u{a}\\u{d}\\u{a}+b${END}`);
});

test('a failure behind it is no success, and is reported', async () => {
  const failures: Failures = [];
  const broken = {
    ...memoryBook(),
    entry: () => {
      throw new Error('the store failed');
    },
  };
  const endpoint = await serve(whoson(broken, anybody), { failures });
  expect(await exchange(endpoint, `QUERY 192.0.2.7${END}`)).toBe(`*temporary failure${END}`);
  expect(failures).toHaveLength(1);
});

test('no bytes bring a yes where nobody is known and nobody may tell, nor a change', async () => {
  const book = memoryBook();
  const failures: Failures = [];
  const endpoint = await serve(whoson(book, nobody), { failures });
  const verb = fc.constantFrom('LOGIN', 'LOGOUT', 'QUERY', 'login', 'LIST', 'QUIT', 'x');
  const request = fc
    .tuple(verb, fc.constantFrom('192.0.2.7', '::1', 'x'), fc.string({ unit: 'binary' }))
    .map((words) => words.join(' ') + END);
  const noise = fc.uint8Array({ maxLength: 2000 });
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(request, noise), { maxLength: 5 }), async (chunks) => {
      const said = await exchange(endpoint, ...chunks);
      for (const reply of said.split(END)) {
        expect(reply).toMatch(/^(?:|-Not Logged in|\*[\w ]+|\+LIST\r\naddresses 0|\+QUIT OK)$/);
      }
      expect(book.told).toEqual([]);
    }),
    { numRuns: 300 },
  );
  expect(failures).toEqual([]);
});
