import { expect, test } from '@jest/globals';
import { Waker } from '../../src/source/waker.ts';

const never = new AbortController().signal;

test('a sleeper is woken', async () => {
  const waker = new Waker();
  const woken = waker.wait(never);
  waker.wake();
  await woken;
});

test('a call while nobody sleeps keeps the next sleeper awake, and only that one', async () => {
  const waker = new Waker();
  waker.wake();
  waker.wake();
  await waker.wait(never);
  let isAwake = false;
  const next = waker.wait(never).then(() => (isAwake = true));
  await new Promise(setImmediate);
  expect(isAwake).toBe(false);
  waker.wake();
  await next;
});

test('nobody falls asleep who is told to stop, before or meanwhile', async () => {
  const waker = new Waker();
  await waker.wait(AbortSignal.abort());
  const stop = new AbortController();
  const waiting = waker.wait(stop.signal);
  stop.abort();
  await waiting;
});

test('a sleeper wakes by himself when his time is over', async () => {
  await new Waker().wait(never, 5);
});
