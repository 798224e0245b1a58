/**
 * What an address looks like in each MTA's map: pure, and the last place where a wrong byte becomes an open relay.
 *
 * Both MTAs look an address up whole, then as ever shorter prefixes (`198.51.100`, `2001:db8`). A truncated key is
 * therefore a whole network, so only a full address is ever rendered, or a /64 where the admin asked for those.
 *
 *     sendmail  198.51.100.7  RELAY    IPv6:2001:db8:0:0:0:0:0:7  RELAY    IPv6:2001:db8::7  RELAY
 *     postfix   198.51.100.7  OK       2001:db8::7                OK
 *     text      198.51.100.7           2001:db8::7
 *
 * Three more, so that an MTA which is wired already stays as it is: `connect`, Sendmail's keys tagged for an access
 * map; `poprelayd`, its popip.db, where the value is the second of expiry as of when the row was written (its rules
 * look for the key alone); `pop-before-smtp`, its database for Postfix, where the value is ok.
 *
 * Sendmail 8.15 and later look up the first spelling of an IPv6 address; 8.14, and UseCompressedIPv6Addresses, the
 * second: both are written. Sendmail takes exactly RELAY for permission, Postfix OK.
 *
 * A /64 is written as its four groups, which an MTA finds by shortening the client's address as it prints it. Postfix
 * prints 2001:db8:1:0:0:0:0:7 as `2001:db8:1::7` and comes by `2001:db8:1:` instead, so that is written as well, where
 * postmap is not the builder: it complains of such a key.
 *
 * Limits: of a /64 that is one group and three zeros there is no such second key, since other networks would come by
 * it: its clients are refused.
 */
import { isIPv4, isIPv6 } from 'node:net';
import type { Address } from '../login/address.ts';

/** Whose keys and values: an MTA's, or one address a line for whatever else reads lists. */
export type MapForm = 'sendmail' | 'connect' | 'poprelayd' | 'postfix' | 'pop-before-smtp' | 'text';

export interface MapRow {
  readonly key: string;
  readonly value: string;
}

/**
 * The last row of every map but a text one: that it can be read back shows that the input was read to its end. No MTA
 * looks it up, since neither an address nor a host name nor an access map's tag is written so; and DUNNO permits
 * nothing.
 */
export const SENTINEL: MapRow = { key: 'relaypass:probe', value: 'DUNNO' };

/** The whole map for `addresses`: their rows, the sentinel last; `expiryOf` tells when each expires, epoch ms. */
export function renderMap(
  form: MapForm,
  addresses: readonly Address[],
  expiryOf?: (address: Address) => number,
): MapRow[] {
  const rows = renderRows(form, addresses, expiryOf);
  return form === 'text' ? rows : [...rows, SENTINEL];
}

/** The rows for `addresses`, by key in byte order. */
export function renderRows(
  form: MapForm,
  addresses: readonly Address[],
  expiryOf: (address: Address) => number = () => 0,
): MapRow[] {
  const { valueOf, isCut } = FORMS[form];
  return addresses
    .flatMap((address) => keysOf(form, address).map((key) => ({ key, value: valueOf(address, expiryOf) })))
    .filter(({ key }) => !(isCut && key.includes('::')))
    .toSorted(byKey);
}

/** The keys under which `address` can stand in such a map; throws for whatever is not a whole address. */
export function keysOf(form: MapForm, address: Address): string[] {
  return FORMS[form].keysOf(partsOf(address));
}

/** The source text that makemap and postmap read; of a text map, the map itself. */
export function sourceText(rows: readonly MapRow[]): string {
  let text = ''; // three times as fast as to join what each row gives
  for (const { key, value } of rows) text += value === '' ? `${key}\n` : `${key}\t${value}\n`;
  return text;
}

/** The same in pieces, for who can use the first while the next is made. */
export function* sourceTexts(rows: readonly MapRow[]): Iterable<string> {
  for (let at = 0; at < rows.length; at += PIECE_ROWS) yield sourceText(rows.slice(at, at + PIECE_ROWS));
}

const PIECE_ROWS = 2000; // some 64 KiB, half a millisecond

interface Form {
  readonly keysOf: (parts: Parts) => string[];
  readonly valueOf: (address: Address, expiryOf: (address: Address) => number) => string;
  /**
   * Whether the MTA searches such a map by cutting the client's address at colons too. A whole address with `::` can be
   * what is left of a neighbour's then, so it is not written: docs/decisions/postfix-ipv6.md.
   */
  readonly isCut?: true;
}

const FORMS: Readonly<Record<MapForm, Form>> = {
  sendmail: { keysOf: sendmailKeys, valueOf: () => 'RELAY' },
  connect: {
    keysOf: (parts) => sendmailKeys(parts).map((key) => `Connect:${key}`),
    valueOf: () => 'RELAY',
    isCut: true,
  },
  poprelayd: { keysOf: sendmailKeys, valueOf: (address, expiryOf) => String(Math.floor(expiryOf(address) / 1000)) },
  postfix: { keysOf: postfixKeys, valueOf: () => 'OK' },
  'pop-before-smtp': { keysOf: postfixKeys, valueOf: () => 'ok', isCut: true },
  text: { keysOf: ({ text }) => [text], valueOf: () => '' },
};

type Parts =
  | { readonly kind: 'ipv4' | 'ipv6'; readonly text: string }
  /** `text` is `2001:db8:1:2::/64`, `groups` 2001:db8:1:2. */
  | { readonly kind: 'network'; readonly text: string; readonly groups: string };

function sendmailKeys(parts: Parts): string[] {
  if (parts.kind === 'ipv4') return [parts.text];
  if (parts.kind === 'network') return [`IPv6:${parts.groups}`];
  const full = groupsOf(parts.text).join(':');
  return [...new Set([full, parts.text])].map((spelling) => `IPv6:${spelling}`);
}

function postfixKeys(parts: Parts): string[] {
  return parts.kind === 'network' ? [parts.groups, ...shortened(parts.groups)] : [parts.text];
}

/** `2001:db8:1:` for 2001:db8:1:0, `2001:db8:` for 2001:db8:0:0: in no other /64 does the gap begin there. */
function shortened(groups: string): string[] {
  const head = groups.replace(/(:0){1,2}$/, ':');
  return head === groups || /^\w+:(0:)?$/.test(head) ? [] : [head];
}

/** What `address` is. That it is one at all was made sure where it was parsed; here it is made sure once more. */
function partsOf(address: Address): Parts {
  if (isIPv4(address)) return { kind: 'ipv4', text: address };
  const [ip = '', length] = address.split('/', 2);
  if (!isIPv6(ip) || /[%.]/.test(ip) || (length !== undefined && length !== '64')) {
    throw new Error(`not a canonical address, so not written into a map: ${JSON.stringify(address)}`);
  }
  if (length === undefined) return { kind: 'ipv6', text: ip };
  return { kind: 'network', text: address, groups: groupsOf(ip).slice(0, 4).join(':') };
}

/** The eight groups without leading zeros. */
function groupsOf(ipv6: string): string[] {
  const [head = '', tail] = ipv6.split('::');
  const left = head === '' ? [] : head.split(':');
  if (tail === undefined) return left;
  const right = tail === '' ? [] : tail.split(':');
  return [...left, ...Array<string>(8 - left.length - right.length).fill('0'), ...right];
}

/** The order of a map's rows. */
export function byKey(a: MapRow, b: MapRow): number {
  if (a.key === b.key) return 0;
  return a.key < b.key ? -1 : 1; // all ASCII: the order of code units is that of bytes
}
