import { expect, test } from '@jest/globals';
import { Heartbeat } from '../src/heartbeat.ts';

test('beats when every part has worked, and again only when every part has worked again', () => {
  let beats = 0;
  const heartbeat = new Heartbeat(() => beats++);
  const [first, second] = [heartbeat.part('first'), heartbeat.part('second')];
  first();
  first();
  expect(beats).toBe(0);
  second();
  expect(beats).toBe(1);
  second();
  expect(beats).toBe(1);
  first();
  expect(beats).toBe(2);
});

test('stops when one part hangs, however busy the others are', () => {
  let beats = 0;
  const heartbeat = new Heartbeat(() => beats++);
  heartbeat.part('hangs');
  const works = heartbeat.part('works');
  for (let round = 0; round < 100; round++) works();
  expect(beats).toBe(0);
});
