import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { configSchema, type AdmissionConfig } from '../../src/config/schema.ts';
import {
  admit,
  admitGrant,
  admitShared,
  admissionRules,
  barredNow,
  REFUSALS,
  type Admission,
} from '../../src/login/admission.ts';
import type { Match } from '../../src/pattern/match.ts';

const MINUTE_MS = 60_000;
const GRACE_MS = 30 * MINUTE_MS;
const NOW = Date.UTC(2026, 0, 1, 0, 5);

const LOGIN: Match = {
  kind: 'login',
  pattern: 'dovecot',
  user: 'alice@example.org',
  address: '198.51.100.7',
  serverAddress: '192.0.2.1',
  service: 'imap',
  session: 'abc',
  at: NOW - MINUTE_MS,
  source: 'file:/var/log/mail.log',
  line: 'dovecot: imap-login: Login: user=<alice@example.org>, rip=198.51.100.7, lip=192.0.2.1',
};

test('admits a login with all that the line said, from its time on for the grace', () => {
  expect(admitted({})).toEqual({
    address: '198.51.100.7',
    user: 'alice@example.org',
    service: 'imap',
    at: NOW - MINUTE_MS,
    expiresAt: NOW - MINUTE_MS + GRACE_MS,
    session: 'abc',
    evidence: { by: 'log', source: LOGIN.source, pattern: 'dovecot', line: LOGIN.line },
  });
});

test('takes from another node no session, since its logout is not seen here', () => {
  const admission = shared(LOGIN.address);
  expect(admission).toMatchObject({ admitted: { user: LOGIN.user, node: 'mx2' } });
  expect('admitted' in admission && admission.admitted.session).toBeUndefined();
});

test("holds another node's word to the rules of this host", () => {
  expect(shared('198.51.100.7', { never_networks: ['198.51.100.0/24'] })).toMatchObject({ refused: 'never-network' });
  expect(shared('127.0.0.1')).toMatchObject({ refused: 'loopback' });
});

test("permits another node's /64 only where an entry is for a /64 here too", () => {
  expect(shared('2001:db8:1:2::/64', { ipv6_prefix: 64 })).toMatchObject({
    admitted: { address: '2001:db8:1:2::/64' },
  });
  expect(shared('2001:db8:1:2::/64')).toMatchObject({ refused: 'not-an-address' });
  for (const text of ['198.51.100.0/24', '2001:db8::/32', '2001:db8:1:2::/64/64', '198.51.100.7/32'])
    expect(shared(text, { ipv6_prefix: 64 })).toMatchObject({ refused: 'not-an-address' });
});

test('writes the address in its canonical form', () => {
  expect(admitted({ address: '::ffff:198.51.100.7' }).address).toBe('198.51.100.7');
});

test('takes a stamp ahead of the clock for now: a December line read in January opens no year', () => {
  expect(admitted({ at: Date.UTC(2026, 11, 31) }).expiresAt).toBe(NOW + GRACE_MS);
});

test('believes an older stamp, and refuses a login whose grace is over', () => {
  expect(admitted({ at: NOW - GRACE_MS + 1 }).expiresAt).toBe(NOW + 1);
  expect(refusal({ at: NOW - GRACE_MS })).toBe('stale');
});

test.each([NaN, Infinity, -Infinity, 0, -1, 1.5])('refuses a line stamped %s', (at) => {
  expect(refusal({ at })).toBe('bad-time');
});

test.each([
  ['', 'not-an-address'],
  ['127.0.0.1', 'loopback'],
  ['fe80::1%eth0', 'zone'],
  ['0.0.0.0', 'unspecified'],
])('refuses the address %j as %s', (address, reason) => {
  expect(refusal({ address, serverAddress: undefined })).toBe(reason);
});

test("DRAC and others, a proxy gets authorised: refuses the server's own address, in whatever form", () => {
  expect(refusal({ address: '192.0.2.1' })).toBe('server-address');
  expect(refusal({ address: '::ffff:192.0.2.1' })).toBe('server-address');
  expect(refusal({ address: '2001:db8::25', serverAddress: '2001:DB8:0::25' })).toBe('server-address');
  expect(refusal({ serverAddress: 'mx.example.org' })).toBe('server-address');
  expect(admitted({ serverAddress: undefined }).address).toBe('198.51.100.7');
});

test('keeps no entry for own networks, and lets never networks have none', () => {
  const networks = {
    own_networks: ['10.0.0.0/8', 'fd00::/8', '192.0.2.9'],
    never_networks: ['203.0.113.5', '2001:db8:bad::/48'],
  };
  expect(refusal({ address: '10.1.2.3' }, networks)).toBe('own-network');
  expect(refusal({ address: '::ffff:10.1.2.3' }, networks)).toBe('own-network');
  expect(refusal({ address: '192.0.2.9' }, networks)).toBe('own-network');
  expect(admit({ ...LOGIN, address: 'fd00::7' }, rules(networks), NOW)).toEqual({
    refused: 'own-network',
    detail: 'fd00::/8',
  });
  expect(refusal({ address: '203.0.113.5' }, networks)).toBe('never-network');
  expect(refusal({ address: '2001:db8:bad::1' }, networks)).toBe('never-network');
  expect(admitted({ address: '203.0.113.6' }, networks).address).toBe('203.0.113.6');
});

test('shares an entry among a /64 when told to, but not with an address that must never have one', () => {
  const networks = {
    ipv6_prefix: 64 as const,
    never_networks: ['2001:db8:1:2::25'],
    own_networks: ['2001:db8:1:3::25'],
  };
  expect(admitted({ address: '2001:db8:7:7::1' }, networks).address).toBe('2001:db8:7:7::/64');
  expect(admitted({ address: '2001:db8:1:3::9' }, networks).address).toBe('2001:db8:1:3::/64');
  expect(refusal({ address: '2001:db8:1:2::9' }, networks)).toBe('never-network');
});

test('refuses never_users by name and by domain, without regard to case', () => {
  const users = { never_users: ['Guest', '@Example.com', 'e'] };
  for (const user of ['guest', 'GUEST', 'bob@example.com', 'bob@x@EXAMPLE.COM', 'e']) {
    expect(refusal({ user }, users)).toBe('never-user');
  }
  for (const user of ['alice', 'guest@example.org', 'bob@mail.example.com', 'example.com']) {
    expect(admitted({ user }, users).user).toBe(user);
  }
});

test.each(['', 'a'.repeat(256), 'a\nb', 'a\u0000', 'a\u0085b', 'a\u2028b', 'a\u202eb', 'a\u200bb', '\ud800'])(
  'refuses the user name %j',
  (user) => {
    expect(refusal({ user })).toBe('bad-user');
  },
);

test('takes user names of any language, and of 255 characters', () => {
  for (const user of ['jürgen@example.org', '用户', 'a b', "o'neil+tag", 'DOMAIN\\bob', 'a'.repeat(255)])
    expect(admitted({ user }).user).toBe(user);
});

test('admits nobody for a logout', () => {
  expect(refusal({ kind: 'logout' })).toBe('logout');
});

test('keeps no more than 1024 characters of a line', () => {
  const { evidence } = admitted({ line: 'x'.repeat(8192) });
  expect(evidence).toMatchObject({ line: 'x'.repeat(1024) });
});

test("an admin's grant passes the same rules, with a grace of its own", () => {
  const grant = { address: '198.51.100.7', user: 'printer', name: 'root', graceMs: 5 * MINUTE_MS };
  expect(admitGrant(grant, rules({}), NOW)).toEqual({
    admitted: {
      address: '198.51.100.7',
      user: 'printer',
      service: 'grant',
      at: NOW,
      expiresAt: NOW + 5 * MINUTE_MS,
      session: undefined,
      evidence: { by: 'admin', name: 'root' },
    },
  });
  expect(admitGrant({ ...grant, address: '127.0.0.1' }, rules({}), NOW)).toMatchObject({ refused: 'loopback' });
  expect(admitGrant(grant, rules({ never_networks: ['198.51.100.0/24'] }), NOW)).toMatchObject({
    refused: 'never-network',
  });
});

test('whatever a line says, no login outlives its time nor now by more than the grace', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.ipV4(), fc.ipV6(), fc.string()),
      fc.oneof(fc.integer({ min: NOW - 2 * GRACE_MS, max: NOW + 2 * GRACE_MS }), fc.double(), fc.maxSafeInteger()),
      fc.string({ unit: 'binary' }),
      (address, at, user) => {
        const decision = admit({ ...LOGIN, address, at, user }, rules({}), NOW);
        if ('refused' in decision) {
          expect(REFUSALS[decision.refused]).toMatch(/^[a-z]/);
          return;
        }
        const { expiresAt } = decision.admitted;
        expect(expiresAt).toBeGreaterThan(NOW);
        expect(expiresAt).toBe(Math.min(at, NOW) + GRACE_MS);
      },
    ),
    { numRuns: 1000 },
  );
});

function rules(admission: Partial<AdmissionConfig>) {
  return admissionRules({ ...configSchema.parse({}).admission, ...admission }, GRACE_MS);
}

/** What another node tells of {@link LOGIN}, from `address`. */
function shared(address: string, admission: Partial<AdmissionConfig> = {}): Admission {
  const { user, service, session } = LOGIN;
  const evidence = { by: 'log', source: LOGIN.source, pattern: 'dovecot', line: LOGIN.line } as const;
  const claim = { address, user, service, session, evidence, node: 'mx2' };
  return admitShared(claim, NOW, GRACE_MS, rules(admission), NOW);
}

function decide(match: Partial<Match>, admission: Partial<AdmissionConfig>): Admission {
  return admit({ ...LOGIN, ...match }, rules(admission), NOW);
}

function admitted(match: Partial<Match>, admission: Partial<AdmissionConfig> = {}) {
  const decision = decide(match, admission);
  if ('refused' in decision) throw new Error(`${decision.refused}: ${decision.detail}`);
  return decision.admitted;
}

function refusal(match: Partial<Match>, admission: Partial<AdmissionConfig> = {}) {
  const decision = decide(match, admission);
  return 'refused' in decision ? decision.refused : 'admitted';
}

test.each([
  ['2001:db8::7', { never_networks: ['2001:db8::7'] }, 'never-network'],
  ['2001:db8::8', { never_networks: ['2001:db8::7'] }, 'never-network'],
  ['2001:db8::8', { own_networks: ['2001:db8::7'] }, undefined],
  ['2001:db8::8', { own_networks: ['2001:db8::/48'] }, 'own-network'],
  ['2001:db8::8', { never_users: ['@example.org'] }, 'never-user'],
  ['2001:db8::8', { never_users: ['@example.com'] }, undefined],
])('of the /64 of %s, permitted once, %j bars: %s', (address, changed, refused) => {
  const { admission } = configSchema.parse({ admission: { ipv6_prefix: 64 } });
  const login = admit({ ...LOGIN, address }, admissionRules(admission, GRACE_MS), NOW);
  if (!('admitted' in login)) throw new Error(login.refused);
  const now = admissionRules({ ...admission, ...changed }, GRACE_MS);
  expect(barredNow(login.admitted, now)?.refused).toBe(refused);
});
