/**
 * Postfix's `tcp:` tables (tcp_table(5)): a line each way, with `%xx` for what is not plain.
 *
 *     get 192.0.2.7    ->  200 OK
 *     get unknown      ->  500 not%20found
 *
 * A failure is `400`, a 451 in Postfix.
 */
import type { MayRelay } from './may-relay.ts';
import type { Protocol, Reply, Taken } from './protocol.ts';

export function tcpTable(mayRelay: MayRelay): Protocol {
  return {
    maxRequestBytes: MAX_REQUEST_BYTES,
    take,
    answer: (request) => {
      const client = decode(GET.exec(request)?.[1]);
      if (client === undefined) return FAILED;
      return mayRelay(client) ? PERMITTED : NOT_FOUND;
    },
    fail: () => FAILED,
  };
}

const MAX_REQUEST_BYTES = 4096; // tcp_table(5)
const GET = /^get ([^\s\p{Cc}]+)\r?$/u;
const PERMITTED: Reply = { text: '200 OK\n', verdict: 'permitted' };
const NOT_FOUND: Reply = { text: '500 not%20found\n', verdict: 'not-permitted' };
const FAILED: Reply = { text: '400 relay%20authorization%20is%20unavailable\n', verdict: 'failed' };

function take(bytes: Buffer): Taken {
  const end = bytes.indexOf('\n');
  if (end === -1) return { kind: 'incomplete' };
  return { kind: 'request', request: bytes.toString('latin1', 0, end), lengthBytes: end + 1 };
}

/** Undefined where a `%` begins no byte. */
function decode(key: string | undefined): string | undefined {
  if (key === undefined || /%(?![\da-f]{2})/i.test(key)) return undefined;
  return key.replace(/%([\da-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
