import type { Protocol } from '../../src/server/protocol.ts';

/** Answers each line with itself, `who` with the peer, and hangs up at `quit`. */
export const echo: Protocol = {
  maxRequestBytes: 100,
  take: (bytes) => {
    const end = bytes.indexOf('\n');
    if (end === -1) return { kind: 'incomplete' };
    return { kind: 'request', request: bytes.toString('latin1', 0, end), lengthBytes: end + 1 };
  },
  answer: (request, peer) => {
    if (request === 'quit') return { text: 'bye\n', verdict: 'other', hangUp: true };
    return { text: request === 'who' ? `${peer}\n` : `${request}\n`, verdict: 'other' };
  },
  fail: () => ({ text: 'later\n', verdict: 'failed' }),
};
