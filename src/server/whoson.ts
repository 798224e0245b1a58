/**
 * The whoson protocol (whoson(3)): other servers tell who is on, and ask. A request is a line and an empty one, with
 * CRLF or LF; so is an answer, which begins with `+` (done, present), `-` (not present) or `*` (bad request, failure).
 *
 *     LOGIN 192.0.2.7 alice    ->  +LOGIN OK
 *     QUERY 192.0.2.7          ->  +alice               the newest user there; a bare + where LOGIN named none
 *     QUERY 192.0.2.9          ->  -Not Logged in
 *     LOGOUT 192.0.2.7         ->  +LOGOUT record deleted
 *     LIST                     ->  +LIST, then lines of statistics
 *     QUIT                     ->  +QUIT OK, and the connection ends
 *
 * LOGIN and LOGOUT are for the clients in `allow` alone, for the protocol has no passwords. A LOGOUT takes back what a
 * LOGIN said, not what the mail log showed. A second user at an address stands beside the first.
 */
import { escapeControls } from '../log.ts';
import { parseAddress, type Address } from '../login/address.ts';
import type { Entry } from '../store/entry.ts';
import type { Peer, Protocol, Reply, Taken } from './protocol.ts';

/** What the protocol reads and writes. */
export interface Book {
  readonly entry: (address: Address) => Entry | undefined;
  /** Undefined is done; else why not. */
  readonly login: (address: Address, user: string, peer: Peer) => string | undefined;
  /** Whether there was anything to take back. */
  readonly logout: (address: Address) => boolean;
  /** Lines for LIST. */
  readonly statistics: () => readonly string[];
}

export function whoson(book: Book, isAllowed: (peer: Peer) => boolean): Protocol {
  return {
    maxRequestBytes: MAX_REQUEST_BYTES,
    take,
    answer: (request, peer) => {
      const [verb = '', address = '', ...data] = request.trim().split(/[ \t]+/);
      const isWrite = /^log(?:in|out)$/i.test(verb);
      if (isWrite && !isAllowed(peer)) return says('*not allowed from here', 'failed');
      return (
        VERBS[verb.toUpperCase()]?.(book, { address, data: data.join(' '), peer }) ??
        says('*command not found', 'failed')
      );
    },
    fail: () => says('*temporary failure', 'failed'),
  };
}

const MAX_REQUEST_BYTES = 1024;
const END = /\r?\n\r?\n/;

function take(bytes: Buffer): Taken {
  const text = bytes.toString('latin1', 0, MAX_REQUEST_BYTES); // a byte a character: positions are the bytes'
  const end = END.exec(text);
  if (end === null) return { kind: 'incomplete' };
  return { kind: 'request', request: bytes.toString('utf8', 0, end.index), lengthBytes: end.index + end[0].length };
}

interface Arguments {
  readonly address: string;
  readonly data: string;
  readonly peer: Peer;
}

const VERBS: Readonly<Record<string, (book: Book, args: Arguments) => Reply>> = {
  LOGIN: (book, { address, data, peer }) =>
    withAddress(address, (canonical) => {
      const refusal = book.login(canonical, data === '' ? canonical : data, peer);
      return says(refusal === undefined ? '+LOGIN OK' : `*not recorded: ${refusal}`);
    }),
  LOGOUT: (book, { address }) =>
    withAddress(address, (canonical) =>
      says(book.logout(canonical) ? '+LOGOUT record deleted' : '+LOGOUT no such record, nothing done'),
    ),
  QUERY: (book, { address }) =>
    withAddress(address, (canonical) => {
      const user = book.entry(canonical)?.logins[0]?.user;
      if (user === undefined) return says('-Not Logged in', 'not-permitted');
      return says(user === canonical ? '+' : `+${escapeControls(user)}`, 'permitted');
    }),
  LIST: (book) => says(['+LIST', ...book.statistics()].join('\r\n')),
  QUIT: () => ({ ...says('+QUIT OK'), hangUp: true }),
};

function withAddress(text: string, reply: (address: Address) => Reply): Reply {
  const parsed = parseAddress(text);
  return parsed.ok ? reply(parsed.address) : says('*command parse error', 'failed');
}

function says(text: string, verdict: Reply['verdict'] = 'other'): Reply {
  return { text: `${text}\r\n\r\n`, verdict };
}
