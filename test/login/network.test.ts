import { expect, test } from '@jest/globals';
import { BlockList } from 'node:net';
import * as fc from 'fast-check';
import { rangeOf, withPrefix } from '../../src/login/address.ts';
import { contains, isNetwork, NetworkSet, parseNetwork, type Network } from '../../src/login/network.ts';
import { addressOf } from '../store/fixture.ts';

test.each([
  ['192.0.2.0/24', '192.0.2.0/24'],
  ['192.0.2.7/24', '192.0.2.0/24'],
  ['192.0.2.7', '192.0.2.7/32'],
  ['192.0.2.7/32', '192.0.2.7/32'],
  ['0.0.0.0/0', '0.0.0.0/0'],
  ['::/0', '::/0'],
  ['2001:DB8::/32', '2001:db8::/32'],
  ['2001:db8::7', '2001:db8::7/128'],
  ['2001:db8::7/128', '2001:db8::7/128'],
  ['::ffff:192.0.2.0/120', '192.0.2.0/24'],
  ['::ffff:192.0.2.7', '192.0.2.7/32'],
  ['127.0.0.0/8', '127.0.0.0/8'],
])('reads the network %s as %s', (text, canonical) => {
  expect(parseNetwork(text)?.text).toBe(canonical);
});

const NO_NETWORKS =
  '192.0.2.0/33 192.0.2.0/-1 192.0.2.0/08 192.0.2.0/ 192.0.2.0/24/8 192.0.2/24 10/8 192.0.2.0/255.255.255.0 ' +
  '2001:db8::/129 ::ffff:192.0.2.0/24 fe80::1%eth0 example.org';

test.each(['', '192.0.2.0/24 ', ...NO_NETWORKS.split(' ')])('refuses %j as a network', (text) => {
  expect(isNetwork(text)).toBe(false);
});

test.each([
  ['192.0.2.0/24', '192.0.2.255', true],
  ['192.0.2.0/24', '192.0.3.0', false],
  ['192.0.2.7', '192.0.2.7', true],
  ['0.0.0.0/0', '2001:db8::7', false],
  ['2001:db8::/33', '2001:db8:7fff::1', true],
  ['2001:db8::/33', '2001:db8:8000::1', false],
])('%s contains %s: %s', (text, address, expected) => {
  expect(contains(network(text), addressOf(address))).toBe(expected);
  expect(new NetworkSet([network(text)]).find(rangeOf(addressOf(address))) !== undefined).toBe(expected);
});

test('meets the entry of a /64 with a network inside of it, but not one of its neighbours', () => {
  const inside = network('2001:db8:1:2::80/121');
  const entry = withPrefix(addressOf('2001:db8:1:2::1'), 64);
  expect(contains(inside, entry)).toBe(true);
  expect(new NetworkSet([inside]).find(rangeOf(entry))).toBe(inside);
  expect(new NetworkSet([inside]).find(rangeOf(addressOf('2001:db8:1:2::1')))).toBeUndefined();
  expect(new NetworkSet([inside]).find(rangeOf(withPrefix(addressOf('2001:db8:1:3::1'), 64)))).toBeUndefined();
});

test('a set of networks finds what one of them contains', () => {
  const networkText = fc.oneof(
    fc.tuple(fc.ipV4(), fc.nat(32)).map(([address, prefix]) => `${address}/${prefix}`),
    fc.tuple(fc.ipV6(), fc.nat(128)).map(([address, prefix]) => `${address}/${prefix}`),
    fc.tuple(clientAddress('ipV4'), fc.nat(32)).map(([address, prefix]) => `${address}/${prefix}`),
    fc
      .tuple(clientAddress('ipV6'), fc.integer({ min: 60, max: 128 }))
      .map(([address, prefix]) => `${address.replace('/64', '')}/${prefix}`),
  );
  fc.assert(
    fc.property(fc.array(networkText), fc.oneof(clientAddress('ipV4'), clientAddress('ipV6')), (texts, address) => {
      const networks = texts.flatMap((text) => parseNetwork(text) ?? []);
      const found = new NetworkSet(networks).find(rangeOf(address));
      expect(found !== undefined).toBe(networks.some((each) => contains(each, address)));
      if (found !== undefined) expect(contains(found, address)).toBe(true);
    }),
    { numRuns: 500 },
  );
});

test("contains what Node's own BlockList, another implementation, says that it does", () => {
  const written = fc.oneof(
    fc.tuple(fc.constant('ipv4' as const), fc.ipV4(), fc.nat(32), clientAddress('ipV4')),
    fc.tuple(fc.constant('ipv4' as const), fc.constant('192.0.2.0'), fc.nat(32), clientAddress('ipV4')),
    fc.tuple(fc.constant('ipv6' as const), fc.constant('2001:db8:0:1::2'), fc.nat(128), clientAddress('ipV6')),
  );
  fc.assert(
    fc.property(written, ([family, first, prefix, client]) => {
      const address = addressOf(client.replace('/64', ''));
      const list = new BlockList();
      list.addSubnet(first, prefix, family);
      expect(contains(network(`${first}/${prefix}`), address)).toBe(list.check(address, family));
    }),
    { numRuns: 500 },
  );
});

/** Addresses that share leading bits often enough to meet a network; some of them a /64. */
function clientAddress(family: 'ipV4' | 'ipV6') {
  if (family === 'ipV4') return fc.tuple(fc.nat(255), fc.nat(255)).map(([a, b]) => addressOf(`192.0.${a}.${b}`));
  return fc
    .tuple(fc.nat(3), fc.nat(3), fc.constantFrom<64 | 128>(64, 128))
    .map(([net, host, prefix]) => withPrefix(addressOf(`2001:db8:0:${net}::${host + 1}`), prefix));
}

function network(text: string): Network {
  const parsed = parseNetwork(text);
  if (parsed === undefined) throw new Error(text);
  return parsed;
}
