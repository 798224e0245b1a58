import { expect, test } from '@jest/globals';
import { isIP } from 'node:net';
import * as fc from 'fast-check';
import { parseAddress, withPrefix, type Address, type AddressRefusal } from '../../src/login/address.ts';

test.each([
  ['192.0.2.7', '192.0.2.7'],
  ['10.1.2.3', '10.1.2.3'],
  ['192.168.0.255', '192.168.0.255'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['::FFFF:C000:0207', '192.0.2.7'],
  ['0:0:0:0:0:ffff:192.0.2.7', '192.0.2.7'],
  ['2001:DB8:0:0:0:0:0:7', '2001:db8::7'],
  ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'], // RFC 5952 4.2.2: one zero group is not shortened
  ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  ['64:ff9b::192.0.2.7', '64:ff9b::c000:207'],
  ['fd00::25', 'fd00::25'],
  ['2001:0db8:ffff:ffff:ffff:ffff:255.255.255.255', '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff'], // no text is longer
])('reads %s as %s', (text, canonical) => {
  expect(parseAddress(text)).toMatchObject({ ok: true, address: canonical });
});

test.each<[string, AddressRefusal]>([
  ['', 'not-an-address'],
  ['10', 'not-an-address'],
  ['1.2.3', 'not-an-address'],
  ['010.0.2.1', 'not-an-address'],
  ['0x7f.1', 'not-an-address'],
  ['2130706433', 'not-an-address'],
  ['192.0.2.7 ', 'not-an-address'],
  ['192.0.2.7\n', 'not-an-address'],
  ['192.0.2.7/24', 'not-an-address'],
  ['198.51.100.1], port=[50111', 'not-an-address'],
  ['[192.0.2.7]', 'not-an-address'],
  ['[2001:db8::7]', 'not-an-address'],
  ['١٩٢.0.2.7', 'not-an-address'],
  ['mail.example.org', 'not-an-address'],
  ['2001:db8::7::1', 'not-an-address'],
  ['::192.0.2.7', 'not-an-address'],
  ['0:0:0:0:0:0:192.0.2.7', 'not-an-address'],
  ['2001:db8::7%eth0', 'zone'],
  ['fe80::1%eth0', 'zone'],
  ['fe80::1', 'link-local'],
  ['febf::1', 'link-local'],
  ['0.0.0.0', 'unspecified'],
  ['::', 'unspecified'],
  ['::ffff:0.0.0.0', 'unspecified'],
  ['0.1.2.3', 'reserved'],
  ['127.0.0.1', 'loopback'],
  ['127.255.255.254', 'loopback'],
  ['::1', 'loopback'],
  ['::ffff:127.0.0.1', 'loopback'],
  ['::7f00:1', 'reserved'],
  ['224.0.0.1', 'multicast'],
  ['239.255.255.255', 'multicast'],
  ['ff02::1', 'multicast'],
  ['240.0.0.1', 'reserved'],
  ['255.255.255.255', 'reserved'],
])('refuses %j as %s', (text, reason) => {
  expect(parseAddress(text)).toEqual({ ok: false, reason });
});

test('refuses a hundred thousand characters', () => {
  const refused = { ok: false, reason: 'not-an-address' };
  expect(parseAddress('1'.repeat(100_000))).toEqual(refused);
  expect(parseAddress(`fe80::1%${'e'.repeat(100_000)}`)).toEqual(refused);
});

test('writes every IPv6 address as the WHATWG URL serializer does, an independent one', () => {
  fc.assert(
    fc.property(fc.ipV6(), (text) => {
      const parsed = parseAddress(text);
      if (parsed.ok && parsed.address.includes(':'))
        expect(`[${parsed.address}]`).toBe(new URL(`http://[${text}]`).hostname);
    }),
  );
});

test('reads its own canonical text as itself', () => {
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
      const parsed = parseAddress(text);
      if (parsed.ok) expect(parseAddress(parsed.address)).toEqual(parsed);
    }),
  );
});

test('never takes anything but an address', () => {
  const written = fc.oneof(fc.ipV4(), fc.ipV6());
  const piece = fc.constantFrom(
    '',
    '0',
    'x',
    '.',
    ':',
    '%',
    '/',
    '[',
    ']',
    ' ',
    '\n',
    '0x7f',
    '%eth0',
    '/24',
    '::ffff:',
  );
  const altered = fc
    .tuple(written, fc.nat(40), piece)
    .map(([text, at, more]) => `${text.slice(0, at)}${more}${text.slice(at)}`);
  fc.assert(
    fc.property(fc.oneof(written, altered), (text) => {
      const parsed = parseAddress(text);
      if (!parsed.ok) return;
      expect(isIP(text)).not.toBe(0);
      expect(parsed.address).toMatch(/^(\d{1,3}(\.\d{1,3}){3}|[0-9a-f:]+)$/);
    }),
    { numRuns: 1000 },
  );
});

test('keeps one address for all of a /64 when it is told to', () => {
  const network = withPrefix(address('2001:db8:1:2:aaaa::1'), 64);
  expect(network).toBe('2001:db8:1:2::/64');
  expect(withPrefix(address('2001:db8:1:2:bbbb::2'), 64)).toBe(network);
  expect(withPrefix(address('2001:db8:1:3::1'), 64)).not.toBe(network);
  expect(withPrefix(network, 64)).toBe(network);
  expect(withPrefix(address('192.0.2.7'), 64)).toBe('192.0.2.7');
  expect(withPrefix(address('2001:db8::1'), 128)).toBe('2001:db8::1');
});

function address(text: string): Address {
  const parsed = parseAddress(text);
  if (!parsed.ok) throw new Error(`${text}: ${parsed.reason}`);
  return parsed.address;
}
