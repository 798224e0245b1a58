import { expect, test } from '@jest/globals';
import { verdictOf } from '../../src/store/probe.ts';

test.each(['SIGBUS', 'SIGSEGV', 'SIGABRT'] as const)('calls a store broken whose reader ended in %s', (signal) => {
  const reason = `reading it ended in ${signal}`;
  expect(verdictOf('/store', { status: null, signal, stderr: '' })).toEqual({ sound: false, reason });
});

test.each(['SIGKILL', 'SIGTERM'] as const)('knows nothing of a store whose reader was ended by %s', (signal) => {
  const judge = () => verdictOf('/store', { status: null, signal, stderr: '' });
  expect(judge).toThrow(`/store: the store cannot be opened: reading it ended in ${signal}`);
});
