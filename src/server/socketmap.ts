/**
 * The socketmap protocol of Sendmail (K lines of type `socket`) and Postfix (socketmap_table(5)): netstrings both ways.
 *
 *     17:relaypass unknown,                 ->  9:NOTFOUND ,     map's name (not looked at), key
 *     19:relaypass 192.0.2.7,               ->  8:OK RELAY,      a value that both MTAs take
 *     35:relaypass ipv6:2001:db8:0:0:0:0:0:7,                    as Sendmail spells it
 *     32:relaypass 192.0.2.7<a@b.example>,                       with the envelope sender, for `bind_sender`
 *
 * A sender without brackets is refused: Sendmail joins a quoted one to the address, and `"3 x"@b.example` would make
 * 192.0.2.7 to 192.0.2.73.
 *
 * A failure is `TEMP`, a 451 in both. Never a bare `OK`: Sendmail's child dies of one.
 */
import type { MayRelay } from './may-relay.ts';
import type { Protocol, Reply, Taken } from './protocol.ts';

export function socketmap(mayRelay: MayRelay): Protocol {
  return {
    maxRequestBytes: MAX_REQUEST_BYTES,
    take,
    answer: (request) => {
      const [, client, sender] = REQUEST.exec(request) ?? [];
      if (client === undefined) return FAILED;
      return mayRelay(client, sender) ? PERMITTED : NOT_FOUND;
    },
    fail: () => FAILED,
  };
}

const MAX_REQUEST_BYTES = 1024; // a map's name, an address and a sender, which has at most 256 (RFC 5321 4.5.3.1)
const PERMITTED: Reply = { text: netstring('OK RELAY'), verdict: 'permitted' };
const NOT_FOUND: Reply = { text: netstring('NOTFOUND '), verdict: 'not-permitted' };
const FAILED: Reply = { text: netstring('TEMP relay authorization is unavailable'), verdict: 'failed' };

/** Name, client without Sendmail's tag (none for a local one), and perhaps a sender. */
const REQUEST = /^\S+ (?:ipv6:)?([^\s<>]*)(?: ?<(.*)>)?$/is;

function netstring(text: string): string {
  return `${text.length}:${text},`;
}

function take(bytes: Buffer): Taken {
  const head = bytes.subarray(0, MAX_HEAD_BYTES).toString('latin1');
  const digits = HEAD.exec(head)?.[1];
  if (digits === undefined) return { kind: BEGINNING.test(head) ? 'incomplete' : 'malformed' };
  const start = digits.length + 1;
  const end = start + Number(digits);
  if (end >= MAX_REQUEST_BYTES) return { kind: 'malformed' };
  if (bytes.length <= end) return { kind: 'incomplete' };
  if (bytes[end] !== COMMA) return { kind: 'malformed' };
  return { kind: 'request', request: bytes.toString('utf8', start, end), lengthBytes: end + 1 };
}

const HEAD = /^(0|[1-9]\d{0,3}):/;
const BEGINNING = /^(?:|0|[1-9]\d{0,3})$/;
const MAX_HEAD_BYTES = 5;
const COMMA = 0x2c;
