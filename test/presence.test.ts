import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { isPresent, isSameProcess, mayBePresent, ownMark, ownPresence } from '../src/presence.ts';

test('this process is there, and is itself', () => {
  const own = ownPresence(1_700_000_000_000);
  expect(own).toEqual({ ...ownMark(), startedAt: 1_700_000_000_000 });
  expect(isPresent(own)).toBe(true);
  expect(mayBePresent(own)).toBe(true);
  expect(isSameProcess(own, ownMark())).toBe(true);
});

test('another process that has its pid is another one', () => {
  const before = { ...ownMark(), startTicks: '1' };
  expect(isPresent(before)).toBe(false);
  expect(mayBePresent(before)).toBe(false);
  expect(isSameProcess(before, ownMark())).toBe(false);
});

test('a process is gone when it has ended', async () => {
  const child = spawn('sleep', ['600']);
  const mark = { pid: child.pid ?? 0, startTicks: ticksOf(child.pid) };
  expect(isPresent(mark)).toBe(true);
  child.kill();
  await once(child, 'exit');
  expect(isPresent(mark)).toBe(false);
  expect(mayBePresent(mark)).toBe(false);
});

function ticksOf(pid: number | undefined): string {
  return readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ')[21] ?? ''; // "sleep" has no space in its name
}
