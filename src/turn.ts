import { setImmediate } from 'node:timers/promises';

/**
 * Lets signals, timers and the other parts come first, and the clients that wait for a live answer: two turns of the
 * event loop, since the first may end without a look at their sockets.
 */
export async function othersFirst(): Promise<void> {
  await setImmediate();
  await setImmediate();
}
