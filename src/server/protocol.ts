import type { Verdict } from '../metrics/tally.ts';

/** What a look-up protocol is to a listener: bytes in, bytes out, no sockets. */
export interface Protocol {
  /** A longer request is malformed. */
  readonly maxRequestBytes: number;
  /** Finds the first request at the start of `bytes`. */
  readonly take: (bytes: Buffer) => Taken;
  readonly answer: (request: string, peer: Peer) => Reply;
  /** The answer where there can be none: the MTA defers the mail, the client asks again. */
  readonly fail: () => Reply;
}

/** What stands at the start of the bytes that have come so far. */
export type Taken =
  | { readonly kind: 'request'; readonly request: string; readonly lengthBytes: number }
  | { readonly kind: 'incomplete' }
  /** No further bytes can make a request of it. */
  | { readonly kind: 'malformed' };

/** Who asks: the address of a TCP or UDP client, or `unix`. */
export type Peer = string;

/** An answer; with `hangUp` the conversation ends behind it. */
export interface Reply {
  readonly text: string;
  readonly verdict: Verdict;
  readonly hangUp?: true;
}
