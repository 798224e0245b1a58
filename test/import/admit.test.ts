import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { configSchema } from '../../src/config/schema.ts';
import { admitRows } from '../../src/import/admit.ts';
import { admissionRules } from '../../src/login/admission.ts';

const NOW = Date.UTC(2026, 10, 24);
const GRACE_MS = 1_800_000;
const { admission } = configSchema.parse({
  admission: { own_networks: ['10.0.0.0/8'], never_networks: ['203.0.113.0/24'] },
});
const RULES = admissionRules(admission, GRACE_MS);

function admitted(key: string, value: string) {
  const { logins } = admitRows([{ key, value }], 'popip.db', RULES, NOW);
  return logins[0];
}

function refusal(key: string, value: string): string | undefined {
  const { refused } = admitRows([{ key, value }], 'popip.db', RULES, NOW);
  return refused[0]?.reason;
}

function inSeconds(seconds: number): string {
  return String(NOW / 1000 + seconds);
}

test.each(['', 'ok', 'OK', 'RELAY', 'permit', 'ok\0'])('permits for the grace what has the value %j', (value) => {
  expect(admitted('198.51.100.7', value)).toMatchObject({
    address: '198.51.100.7',
    expiresAt: NOW + GRACE_MS,
    evidence: { by: 'admin', name: 'import popip.db' },
  });
});

test('permits until the time that the file says', () => {
  expect(admitted('198.51.100.7', inSeconds(60))).toMatchObject({ expiresAt: NOW + 60_000 });
});

test('permits for no longer than the grace, whatever the file says', () => {
  expect(admitted('198.51.100.7', inSeconds(86_400))).toMatchObject({ expiresAt: NOW + GRACE_MS });
});

test.each([inSeconds(0), inSeconds(-1)])('permits nobody whose time is up (%s)', (value) => {
  expect(refusal('198.51.100.7', value)).toMatch(/^its time was up at 2026-11-2/);
});

test.each(['REJECT', 'DUNNO', '1', 'RELAY # office', '12345678901', '-1', 'yes', '1e9'])(
  'permits nobody whose value is %j',
  (value) => {
    expect(refusal('198.51.100.7', value)).toBe('its value neither permits nor is a time');
  },
);

test.each([
  ['Connect:198.51.100.7', '198.51.100.7'],
  ['IPv6:2001:db8:0:0:0:0:0:7', '2001:db8::7'],
  ['connect:ipv6:2001:db8::7', '2001:db8::7'],
  ['198.51.100.7\0', '198.51.100.7'],
  ['::ffff:198.51.100.7', '198.51.100.7'],
])('reads the key %j as %s', (key, address) => {
  expect(admitted(key, 'ok')).toMatchObject({ address });
});

test.each(['198.51.100', 'IPv6:2001:db8', '198.51.100.0/24', 'From:198.51.100.7', 'example.com', '010.0.0.1', ''])(
  'makes no network or guess of the key %j',
  (key) => {
    expect(refusal(key, 'ok')).toBe('what is named as the address is no single IP address');
  },
);

test('asks the rules for whom they permit', () => {
  expect(refusal('10.1.2.3', 'ok')).toMatch(/own_networks/);
  expect(refusal('203.0.113.5', 'ok')).toMatch(/never_networks/);
  expect(refusal('127.0.0.1', 'ok')).toMatch(/loopback/);
});

test('says nothing of the row that relaypass itself puts last', () => {
  const rows = [{ key: 'relaypass:probe', value: 'DUNNO' }];
  expect(admitRows(rows, 'popauth.db', RULES, NOW)).toEqual({ logins: [], refused: [] });
});

test('permits nobody past now and the grace, whatever a row says', () => {
  const time = fc.oneof(
    fc.integer(),
    fc.integer({ min: -90_000, max: 90_000 }).map((s) => NOW / 1000 + s),
  );
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), fc.string()), fc.oneof(time.map(String), fc.string()), (key, value) => {
      for (const { expiresAt } of admitRows([{ key, value }], 'f', RULES, NOW).logins) {
        expect(expiresAt).toBeGreaterThan(NOW);
        expect(expiresAt).toBeLessThanOrEqual(NOW + GRACE_MS);
      }
    }),
  );
});
