import { expect, test } from '@jest/globals';
import { decodeShared, loginNews, splitMember, withoutSessions } from '../../src/cluster/wire.ts';
import { GRACE_MS, MINUTE_MS, Place, START } from '../store/fixture.ts';

const place = new Place();
const login = place.login('198.51.100.7', 'Alice', { session: 'x1', at: START - MINUTE_MS });

function sent(): { member: string; value: string } {
  const [, , , member = '', , record = ''] = loginNews(login, 'pop1', START);
  return { member, value: `1000 2000 ${record}` };
}

test('tells how old a login is and how long it permits, never when it was', () => {
  expect(loginNews(login, 'pop1', START).slice(0, 5)).toEqual([
    'login',
    `${MINUTE_MS}`,
    `${30 * MINUTE_MS}`,
    '198.51.100.7 alice',
    'n411000110001100110110010000000111',
  ]);
});

test('a login of the future is as old as one of now', () => {
  expect(loginNews({ ...login, at: START + MINUTE_MS }, 'pop1', START)[1]).toBe('0');
});

test('reads what it wrote, and whose word it was', () => {
  const { member, value } = sent();
  const { user, service, evidence } = login;
  const claim = { address: '198.51.100.7', user, service, evidence, node: 'pop1' };
  expect(decodeShared(member, value)).toEqual({ claim, at: 1000, endsAt: 2000, heldMs: 0 });
});

test('passes on the word of the node that saw it, not its own', () => {
  const [, , , member = '', , record = ''] = loginNews({ ...login, node: 'pop2' }, 'pop1', START);
  expect(decodeShared(member, `1 2 ${record}`)?.claim.node).toBe('pop2');
});

test.each([
  ['a value cut short', '198.51.100.7 alice', '1000 2000'],
  ['a record that is no JSON', '198.51.100.7 alice', '1000 2000 ["pop1"'],
  ['times that are none', '198.51.100.7 alice', 'now later ["pop1","alice","imap",0,"admin","root"]'],
  ['negative times', '198.51.100.7 alice', '-1 2000 ["pop1","alice","imap",0,"admin","root"]'],
  ['evidence of an unknown kind', '198.51.100.7 alice', '1000 2000 ["pop1","alice","imap",0,"rumour","root"]'],
  ['no evidence', '198.51.100.7 alice', '1000 2000 ["pop1","alice","imap",0]'],
  ['a session held for no number', '198.51.100.7 alice', '1000 2000 ["pop1","alice","imap",null,"admin","root"]'],
  ['a session held for less than nothing', '198.51.100.7 alice', '1000 2000 ["pop1","alice","imap",-1,"admin","root"]'],
  ['another user than its member', '198.51.100.7 bob', '1000 2000 ["pop1","alice","imap",0,"admin","root"]'],
])('makes nothing of %s', (_, member, value) => {
  expect(decodeShared(member, value)).toBeUndefined();
});

test.each([
  ['198.51.100.7 alice', '198.51.100.7', 'alice'],
  ['2001:db8::/64 a b', '2001:db8::/64', 'a b'],
  ['nobody', undefined, ''],
])('finds address and user in %s', (member, address, user) => {
  expect(splitMember(member)).toEqual({ address, user });
});

test.each([
  // what it permits counts from
  ['without sessions, as it is', { at: START - MINUTE_MS, expiresAt: START - MINUTE_MS + GRACE_MS }, START - MINUTE_MS],
  ['with an open session, as one of now', { at: START - 600 * MINUTE_MS, expiresAt: START + 60 * MINUTE_MS }, START],
  [
    'whose session has ended, as one of its end',
    { at: START - 600 * MINUTE_MS, expiresAt: START + MINUTE_MS },
    START + MINUTE_MS - GRACE_MS,
  ],
  [
    'whose session reaches its bound, never beyond that',
    { at: START - 720 * MINUTE_MS, expiresAt: START + 1 },
    START + 1 - GRACE_MS,
  ],
])('tells a login %s', (_, times, from) => {
  const told = withoutSessions({ ...login, ...times }, GRACE_MS, START);
  expect(told.at).toBe(times.at); // a purge after it takes it, whenever that is told
  expect(told.openAt ?? told.at).toBe(from);
  expect(told.expiresAt).toBe(Math.min(times.expiresAt, from + GRACE_MS));
});

test('tells for how long after the login its session was open', () => {
  const openAt = login.at + 5 * MINUTE_MS;
  const [, ageMs, , member = '', , record = ''] = loginNews({ ...login, openAt }, 'pop1', START);
  expect(ageMs).toBe(`${MINUTE_MS}`);
  expect(decodeShared(member, `1000 2000 ${record}`)).toMatchObject({ at: 1000, heldMs: 5 * MINUTE_MS });
});

test("tells an admin's grant as it is, however long", () => {
  const grant = place.login('192.0.2.40', '-', {
    evidence: { by: 'admin', name: 'root' },
    expiresAt: START + 600 * MINUTE_MS,
  });
  expect(withoutSessions(grant, GRACE_MS, START)).toBe(grant);
});
