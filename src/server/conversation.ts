/**
 * One client's stream: cuts it into requests, answers each in turn, and ends it in every doubt.
 *
 * Limits: a client that does not read its answers is not read from; a request that does not end is dropped with the
 * connection.
 */
import type { Socket } from 'node:net';
import type { Protocol, Reply } from './protocol.ts';

const REQUEST_MS = 10_000; // from a request's first byte to its last: an MTA sends it whole
const IDLE_MS = 3_900_000; // a Sendmail session keeps its connection for up to Timeout.command, an hour

/** What a conversation needs besides its socket. */
export interface ConversationParts {
  readonly protocol: Protocol;
  /** Called with what was thrown where an answer should have been made; the client has had the failure. */
  readonly failed: (reason: unknown) => void;
}

/** What answers on a socket until either side ends it. */
export function conversation(parts: ConversationParts): (socket: Socket) => void {
  return (socket) => converse(socket, parts);
}

function converse(socket: Socket, { protocol, failed }: ConversationParts): void {
  const peer = socket.remoteAddress ?? 'unix';
  let waiting = Buffer.alloc(0);
  let deadline: NodeJS.Timeout | undefined;

  const limitTime = (): void => {
    deadline ??= setTimeout(() => socket.destroy(), REQUEST_MS);
  };
  const endWith = (text: string): void => {
    socket.end(text);
    limitTime(); // for the client to hang up too
  };
  const reply = ({ text, hangUp }: Reply): void => {
    if (hangUp) endWith(text);
    else if (!socket.write(text)) socket.pause();
  };
  const answerWaiting = (): void => {
    while (socket.writable) {
      const taken = takeWithin(protocol, waiting);
      if (taken.kind === 'incomplete') return;
      clearTimeout(deadline);
      deadline = undefined;
      if (taken.kind === 'malformed') return endWith(protocol.fail().text);
      waiting = waiting.subarray(taken.lengthBytes);
      reply(protocol.answer(taken.request, peer));
    }
  };

  socket.setTimeout(IDLE_MS, () => socket.destroy());
  socket.on('error', () => socket.destroy()); // the client is gone; nothing of it is needed any more
  socket.on('close', () => clearTimeout(deadline));
  socket.on('drain', () => socket.resume());
  socket.on('data', (chunk: Buffer) => {
    if (!socket.writable) return; // what comes behind the end is read, or the client would miss the answer, and dropped
    waiting = Buffer.concat([waiting, chunk]);
    try {
      answerWaiting();
    } catch (error) {
      endWith(protocol.fail().text);
      failed(error);
    }
    if (waiting.length > 0) limitTime();
  });
}

function takeWithin({ take, maxRequestBytes }: Protocol, bytes: Buffer) {
  const taken = take(bytes);
  const lengthBytes = taken.kind === 'request' ? taken.lengthBytes : bytes.length;
  return lengthBytes > maxRequestBytes ? ({ kind: 'malformed' } as const) : taken;
}
