/**
 * Whom the admin's own entries leave to us. An MTA takes the longest key that matches a client, so a grant for
 * 192.0.2.7 would undo the admin's `Connect:192.0.2 REJECT`: where one of his keys is the address, or a prefix of it
 * that the MTA looks up, the address is left out of the map.
 */
import type { Address } from '../login/address.ts';
import { keysOf, type MapForm, type MapRow } from './render.ts';

/** Those of `addresses`, to be written in `form`, on which no row of `base` has a say. */
export function withoutCovered(
  base: readonly MapRow[],
  form: MapForm,
  addresses: readonly Address[],
): readonly Address[] {
  if (base.length === 0) return addresses;
  const keys = keysOfBase.get(base) ?? new Set(base.map(({ key }) => untagged(key)));
  keysOfBase.set(base, keys);
  const isCovered = (address: Address) =>
    keysOf(form, address)
      .flatMap(prefixesOf)
      .some((prefix) => keys.has(prefix));
  return addresses.filter((address) => !isCovered(address));
}

/** A base stays the same for many changes. */
const keysOfBase = new WeakMap<readonly MapRow[], ReadonlySet<string>>();

function untagged(key: string): string {
  return key.toLowerCase().replace(/^connect:/, '');
}

/** `198.51.100.7`, `198.51.100`, ...; of IPv6, as ever fewer groups: all that an MTA looks up, in lower case. */
function prefixesOf(key: string): string[] {
  const prefixes: string[] = [];
  const whole = untagged(key);
  const separator = whole.includes(':') ? ':' : '.';
  for (let prefix = whole; prefix !== ''; prefix = beforeLast(prefix, separator)) prefixes.push(prefix);
  return prefixes;
}

function beforeLast(text: string, separator: string): string {
  return text.slice(0, Math.max(0, text.lastIndexOf(separator)));
}
