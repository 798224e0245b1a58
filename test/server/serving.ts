/** A real listener on a unix socket of its own, and a client of it. */
import { createConnection } from 'node:net';
import path from 'node:path';
import { afterEach } from '@jest/globals';
import type { StreamEndpoint } from '../../src/server/endpoint.ts';
import { conversation } from '../../src/server/conversation.ts';
import { Listener } from '../../src/server/listener.ts';
import type { Protocol } from '../../src/server/protocol.ts';
import { tempDir } from '../temp-dir.ts';

const listeners: Listener[] = [];
afterEach(async () => {
  for (const listener of listeners.splice(0)) await listener.stop();
});

/** What was reported as a failure of the server, which ends the daemon. */
export type Failures = unknown[];

/** Answers `protocol` until the test is over. */
export async function serve(protocol: Protocol, { endpoint, failures = [] }: Serving = {}): Promise<StreamEndpoint> {
  const failed = (reason: unknown) => failures.push(reason);
  const listener = new Listener({
    endpoint: endpoint ?? { kind: 'unix', path: path.join(tempDir(), 'socket') },
    serve: conversation({ protocol, failed }),
    failed,
  });
  listeners.push(listener);
  return listener.start();
}

interface Serving {
  /** @default a unix socket in a folder of its own */
  readonly endpoint?: StreamEndpoint;
  readonly failures?: Failures;
}

/** Sends all of `chunks` on one connection; the result is all that came back until the server closed. */
export async function exchange(endpoint: StreamEndpoint, ...chunks: (string | Uint8Array)[]): Promise<string> {
  const socket = createConnection(endpoint);
  for (const chunk of chunks) socket.write(chunk);
  socket.end();
  let said = '';
  for await (const chunk of socket.setEncoding('latin1')) said += String(chunk);
  return said;
}
