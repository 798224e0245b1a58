import { expect, test } from '@jest/globals';
import { progressText } from '../../src/commands/progress-line.ts';
import { PseudoTerminal } from '../pseudo-terminal.ts';
import { TestHost, until } from '../relaypass-process.ts';

test('match tells on a terminal how far it is, and leaves nothing of that behind', async () => {
  const host = new TestHost();
  const terminal = new PseudoTerminal(['match', '-', '--config', host.configFile], { columns: 80 });
  await until(() => {
    terminal.type('a line\r');
    return terminal.raw.includes('0 MiB');
  }, 'the progress');
  terminal.type('\u0004');
  expect(await terminal.ended()).toBe(0);
  expect(terminal.raw.lastIndexOf('\u001b[K')).toBeGreaterThan(terminal.raw.lastIndexOf('MiB'));
});

test('match tells nothing of that where there is no terminal', () => {
  const host = new TestHost();
  expect(host.run('match', host.log).stderr).toBe('');
});

test('progress has a share where the end is known', () => {
  expect(progressText(512 * 1_048_576, 1024 * 1_048_576)).toBe('512 of 1024 MiB, 50 %');
  expect(progressText(5 * 1_048_576, undefined)).toBe('5 MiB');
});
