import { SocketAddress } from 'node:net';
import * as fc from 'fast-check';
import type { Address } from '../../src/login/address.ts';

/** Takes any text for an address, as a fault before the renderer would. */
export function asAddress(text: string): Address {
  return text as Address; // oxlint-disable-line typescript/no-unsafe-type-assertion -- the point of this function
}

/** Addresses as the address parser makes them, with the shapes that a renderer may get wrong more often than chance. */
export const anyAddress: fc.Arbitrary<Address> = fc.oneof(ipv4(), ipv6());

/** Networks as `ipv6_prefix = 64` makes them. */
export const anyNetwork: fc.Arbitrary<Address> = groups().map((text) => {
  return asAddress(`${compressed([...text.slice(0, 4), '0', '0', '0', '0'])}/64`);
});

function ipv4(): fc.Arbitrary<Address> {
  const octet = fc.nat(255);
  return fc.tuple(octet, octet, octet, octet).map((octets) => asAddress(octets.join('.')));
}

function ipv6(): fc.Arbitrary<Address> {
  return groups().map((text) => asAddress(compressed(text)));
}

function groups(): fc.Arbitrary<string[]> {
  const group = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 0xffff })).map((value) => value.toString(16));
  const seven = fc.array(group, { minLength: 7, maxLength: 7 });
  return fc
    .tuple(fc.integer({ min: 0x2000, max: 0x3fff }), seven)
    .map(([first, rest]) => [first.toString(16), ...rest]);
}

function compressed(text: readonly string[]): string {
  return new SocketAddress({ address: text.join(':'), family: 'ipv6' }).address;
}
