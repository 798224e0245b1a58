import { isIPv4 } from 'node:net';
import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import type { Address } from '../../src/login/address.ts';
import { withoutCovered } from '../../src/map/merge.ts';
import { keysOf, type MapForm } from '../../src/map/render.ts';
import { anyAddress, asAddress } from './addresses.ts';

test.each<[MapForm, string, string]>([
  ['connect', 'Connect:192.0.2.7', '192.0.2.7'],
  ['connect', 'connect:192.0.2', '192.0.2.7'],
  ['connect', '192.0', '192.0.2.7'],
  ['connect', 'Connect:IPv6:2001:db8:0:0:0:0:0:7', '2001:db8::7'],
  ['connect', 'Connect:IPv6:2001:DB8::7', '2001:db8::7'],
  ['connect', 'IPv6:2001:db8', '2001:db8::7'],
  ['connect', 'Connect:IPv6:2001:db8:1', '2001:db8:1:2::/64'],
  ['sendmail', 'Connect:192.0.2', '192.0.2.7'],
  ['postfix', '192.0.2', '192.0.2.7'],
  ['postfix', '2001:db8::7', '2001:db8::7'],
  ['postfix', '2001:db8:1:2', '2001:db8:1:2:3:4:5:6'],
])('leaves to the admin in form %s what his key %s says of %s', (form, key, address) => {
  expect(withoutCovered([{ key, value: 'REJECT' }], form, [asAddress(address)])).toEqual([]);
});

test.each<[MapForm, string, string]>([
  ['connect', 'Connect:192.0.2.70', '192.0.2.7'],
  ['connect', 'Connect:192.0.20', '192.0.2.7'],
  ['connect', 'From:192.0.2.7', '192.0.2.7'],
  ['connect', 'spammer@192.0.2.7', '192.0.2.7'],
  ['connect', 'Connect:IPv6:2001:db8:0:0:0:0:0:70', '2001:db8::7'],
  ['postfix', '192.0.2.', '192.0.2.7'],
  ['postfix', '2001:db8:1:20', '2001:db8:1:2:3:4:5:6'],
])('grants in form %s although the admin has %s, which says nothing of %s', (form, key, address) => {
  expect(withoutCovered([{ key, value: 'REJECT' }], form, [asAddress(address)])).toEqual([address]);
});

test("never writes a key below one of the admin's", () => {
  const form = fc.constantFrom<MapForm>('sendmail', 'connect', 'postfix');
  const cut = fc.record({ address: anyAddress, parts: fc.integer({ min: 1, max: 8 }) });
  fc.assert(
    fc.property(form, fc.array(cut, { minLength: 1, maxLength: 5 }), fc.array(anyAddress), (its, cuts, others) => {
      const networks = cuts.map(({ address, parts }) => networkOf(its, address, parts));
      const base = networks.map(({ key }) => ({ key, value: 'REJECT' }));
      const addresses = [...cuts.map(({ address }) => address), ...others];
      const left = withoutCovered(base, its, addresses).flatMap((address) => keysOf(its, address));
      for (const { key, separator } of networks) {
        expect(left.filter((ours) => ours === key || ours.startsWith(key + separator))).toEqual([]);
      }
    }),
  );
});

/** The first so many parts of the key of `address`, as an admin would write a network. */
function networkOf(form: MapForm, address: Address, parts: number): { key: string; separator: string } {
  const [whole = ''] = keysOf(form, address);
  const separator = isIPv4(address) ? '.' : ':';
  const tag = /^(?:Connect:)?(?:IPv6:)?/.exec(whole)?.[0] ?? '';
  return { key: tag + whole.slice(tag.length).split(separator).slice(0, parts).join(separator), separator };
}
