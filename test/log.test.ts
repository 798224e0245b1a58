import { expect, test } from '@jest/globals';
import { createLog, escapeControls, rateLimited } from '../src/log.ts';

function recorder(options: { priorities: boolean; level?: 'error' | 'info' | 'debug' }) {
  const lines: string[] = [];
  return { lines, log: createLog({ write: (line) => lines.push(line), ...options }) };
}

test('writes an event with its facts on one line', () => {
  const { lines, log } = recorder({ priorities: false });
  log.info('granted', { address: '198.51.100.7', user: 'a b', count: 3, absent: undefined });
  expect(lines).toEqual(['granted address=198.51.100.7 user="a b" count=3\n']);
});

test('puts the priority in front under systemd', () => {
  const { lines, log } = recorder({ priorities: true });
  log.error('failed');
  log.warn('refused');
  expect(lines).toEqual(['<3>failed\n', '<4>refused\n']);
});

test('writes what is told together in one piece and in its order, and all of it where the telling fails', () => {
  const { lines, log } = recorder({ priorities: true });
  log.together(() => undefined);
  const tell = () => {
    log.info('granted');
    log.together(() => log.error('failed'));
    throw new Error('broken');
  };
  expect(() => log.together(tell)).toThrow('broken');
  log.info('after');
  expect(lines).toEqual(['<6>granted\n<3>failed\n', '<6>after\n']);
});

test('leaves out what is below its level', () => {
  const { lines, log } = recorder({ priorities: false, level: 'error' });
  log.warn('refused');
  expect(lines).toEqual([]);
});

test('keeps untrusted text on its line and out of the terminal', () => {
  const { lines, log } = recorder({ priorities: false });
  log.warn('refused', { user: 'x\n<3>granted \u001b[2J"\u202e' });
  expect(lines).toEqual(['warn: refused user="x\\\\u{a}<3>granted \\\\u{1b}[2J\\"\\\\u{202e}"\n']);
});

test('escapes control, format and separator characters, and nothing else', () => {
  expect(escapeControls('grün \u0085\u2028\ud800 ok')).toBe('grün \\u{85}\\u{2028}\\u{d800} ok');
});

test('repeats a warning of one key only after its interval, or when the clock was set back', () => {
  const { lines, log } = recorder({ priorities: false });
  let now = 1000;
  const warn = rateLimited(log, () => now, 100);
  warn('a', 'first');
  warn('a', 'too soon');
  warn('b', 'other key');
  now = 1100;
  warn('a', 'again');
  now = 50;
  warn('a', 'set back');
  expect(lines).toEqual(['warn: first\n', 'warn: other key\n', 'warn: again\n', 'warn: set back\n']);
});
