import { isIP, SocketAddress } from 'node:net';
import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { withPrefix, type Address } from '../../src/login/address.ts';
import { renderMap, SENTINEL, sourceText, type MapForm } from '../../src/map/render.ts';
import { asAddress, anyAddress, anyNetwork } from './addresses.ts';

const FORMS: readonly MapForm[] = ['sendmail', 'connect', 'poprelayd', 'postfix', 'pop-before-smtp', 'text'];
const ADDRESSES = ['2001:db8::7', '198.51.100.7', '2001:db8:1:2:3:4:5:6', '198.51.100.12'].map(asAddress);

test('writes what Sendmail looks up: plain IPv4, and IPv6 both in full and compressed', () => {
  expect(sourceText(renderMap('sendmail', ADDRESSES))).toBe(
    [
      '198.51.100.12\tRELAY',
      '198.51.100.7\tRELAY',
      'IPv6:2001:db8:0:0:0:0:0:7\tRELAY',
      'IPv6:2001:db8:1:2:3:4:5:6\tRELAY',
      'IPv6:2001:db8::7\tRELAY',
      'relaypass:probe\tDUNNO\n',
    ].join('\n'),
  );
});

test('writes what Postfix looks up: compressed IPv6 without a prefix', () => {
  expect(sourceText(renderMap('postfix', ADDRESSES))).toBe(
    [
      '198.51.100.12\tOK',
      '198.51.100.7\tOK',
      '2001:db8:1:2:3:4:5:6\tOK',
      '2001:db8::7\tOK',
      'relaypass:probe\tDUNNO\n',
    ].join('\n'),
  );
});

test('tags the keys for an access map of Sendmail', () => {
  expect(sourceText(renderMap('connect', ['198.51.100.7', '2001:db8::7'].map(asAddress)))).toBe(
    ['Connect:198.51.100.7\tRELAY', 'Connect:IPv6:2001:db8:0:0:0:0:0:7\tRELAY', 'relaypass:probe\tDUNNO\n'].join('\n'),
  );
});

test("writes poprelayd's popip.db: the keys of Sendmail, and the second in which each expires", () => {
  const rows = renderMap('poprelayd', ['198.51.100.7'].map(asAddress), () => 1_795_500_000_999);
  expect(rows[0]).toEqual({ key: '198.51.100.7', value: '1795500000' });
});

test("writes pop-before-smtp's database: the keys of Postfix, and ok", () => {
  const rows = renderMap('pop-before-smtp', ['198.51.100.7', '2001:db8:1:2:3:4:5:6'].map(asAddress));
  expect(sourceText(rows)).toBe('198.51.100.7\tok\n2001:db8:1:2:3:4:5:6\tok\nrelaypass:probe\tDUNNO\n');
});

test.each<MapForm>(['connect', 'pop-before-smtp'])(
  'writes no key with :: in form %s, which an MTA could find by cutting the address of a neighbour',
  (form) => {
    const addresses = ['2001:db8::7', '2001:db8:0:0:1::', '::2:3'].map(asAddress);
    expect(renderMap(form, addresses).filter(({ key }) => key.includes('::'))).toEqual([]);
  },
);

test('writes a text map with one address a line and nothing else', () => {
  const addresses = ['2001:db8:1:2::/64', '198.51.100.7'].map(asAddress);
  expect(sourceText(renderMap('text', addresses))).toBe('198.51.100.7\n2001:db8:1:2::/64\n');
  expect(sourceText(renderMap('text', []))).toBe('');
});

test('writes a network of 64 bits as its four groups', () => {
  const networks = ['2001:db8:1:2::/64', '2001:db8::/64'].map(asAddress);
  expect(keysOf('sendmail', networks)).toEqual(['IPv6:2001:db8:0:0', 'IPv6:2001:db8:1:2']);
  expect(keysOf('postfix', networks)).toEqual(['2001:db8:', '2001:db8:0:0', '2001:db8:1:2']);
});

test.each([
  ['2001:db8:1::/64', ['2001:db8:1:', '2001:db8:1:0']],
  ['2001:db8::/64', ['2001:db8:', '2001:db8:0:0']],
  ['2001:0:1::/64', ['2001:0:1:', '2001:0:1:0']],
  ['2001:0:0:1::/64', ['2001:0:0:1']],
  ['2001::/64', ['2001:0:0:0']],
])('writes of %s for Postfix also where the gap of its addresses begins, if that is nowhere else', (network, keys) => {
  expect(keysOf('postfix', [asAddress(network)])).toEqual(keys);
});

test('permits in a map of Postfix the clients of a /64 and no others, however Postfix shortens them', () => {
  const close = fc.array(fc.constantFrom('0', '1'), { minLength: 7, maxLength: 7 });
  const address = close.map((rest) => asAddress(canonical(['2001', ...rest].join(':'))));
  fc.assert(
    fc.property(address, address, fc.constantFrom(...POSTFIX_FORMS), (granted, client, form) => {
      const keys = new Set(keysOf(form, [networkOf(granted)]));
      const isFound = shortenings(client).some((key) => keys.has(key));
      if (isFound || !client.startsWith('2001::')) expect(isFound).toBe(networkOf(client) === networkOf(granted));
    }),
    { numRuns: 5000 },
  );
});

const POSTFIX_FORMS = ['postfix', 'pop-before-smtp'] as const;

/** What Postfix looks up for a client: all of its address, and what is left of ever earlier colons. */
function shortenings(client: string): string[] {
  const cut = client.lastIndexOf(':');
  return cut < 0 ? [client] : [client, ...shortenings(client.slice(0, cut))];
}

function networkOf(address: Address): Address {
  return withPrefix(address, 64);
}

test('refuses to write anything that is not a whole address', () => {
  const wrong = [
    '198.51.100',
    '198.51.100.',
    '2001:db8',
    '2001:db8::/32',
    '198.51.100.0/24',
    'unknown',
    '',
    'fe80::1%eth0',
  ];
  for (const form of FORMS) {
    for (const text of wrong) expect(() => renderMap(form, [asAddress(text)])).toThrow('not a canonical address');
  }
});

test('makes of every address keys that are that address and no network', () => {
  fc.assert(
    fc.property(anyAddress, fc.constantFrom(...FORMS), (address, form) => {
      const keys = keysOf(form, [address]);
      expect(keys.length).toBeGreaterThan(form === 'pop-before-smtp' && address.includes('::') ? -1 : 0);
      for (const key of keys) {
        const text = key.replace(/^(Connect:)?(IPv6:)?/, '');
        expect(isIP(text)).toBe(isIP(address));
        expect(canonical(text)).toBe(address);
      }
    }),
  );
});

test('makes of every network of 64 bits exactly its first four groups', () => {
  fc.assert(
    fc.property(anyNetwork, fc.constantFrom(...FORMS.filter((form) => form !== 'text')), (network, form) => {
      const [key = ''] = keysOf(form, [network]).filter((each) => !each.endsWith(':')); // those have a test below
      const text = key.replace(/^(Connect:)?(IPv6:)?/, '');
      expect(text.split(':')).toHaveLength(4);
      expect(`${canonical(`${text}:0:0:0:0`)}/64`).toBe(network);
    }),
  );
});

test('sorts the rows and puts the probe last, whatever the order of the addresses', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(anyAddress),
      fc.constantFrom(...FORMS.filter((form) => form !== 'text')),
      (addresses, form) => {
        const rows = renderMap(form, addresses);
        expect(rows.at(-1)).toEqual(SENTINEL);
        expect(rows).toEqual(rows.toSorted((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key))));
        expect(renderMap(form, addresses.toReversed())).toEqual(rows);
      },
    ),
  );
});

function keysOf(form: MapForm, addresses: Address[]): string[] {
  return renderMap(form, addresses)
    .map(({ key }) => key)
    .filter((key) => key !== SENTINEL.key);
}

function canonical(text: string): string {
  return isIP(text) === 4 ? text : new SocketAddress({ address: text, family: 'ipv6' }).address;
}
