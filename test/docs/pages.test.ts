/** The command lines and configurations of the pages for admins are run, on a host of the test's own. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { loadConfig } from '../../src/config/load.ts';
import { TestHost } from '../relaypass-process.ts';
import { tempDir } from '../temp-dir.ts';

const PAGES = readdirSync('docs').filter((name) => name.endsWith('.md'));
const TEXTS = PAGES.map((page) => readFileSync(path.join('docs', page), 'utf8'));
const LINES = TEXTS.flatMap((text) => [...text.matchAll(/^ {4,}relaypass (.*)$/gm)].map(([, line]) => line ?? ''));
const FENCED = TEXTS.flatMap((text) => [...text.matchAll(/```toml\n([\s\S]*?)```/g)].map(([, toml]) => toml ?? ''));
const INDENTED = TEXTS.flatMap((text) => [...text.matchAll(/(?:^ {4}.*\n)+/gm)].map(([block]) => dedented(block)));
const CONFIGS = [...FENCED, ...INDENTED.filter((block) => /^(?:#.*\n)?\[{1,2}[a-z]/.test(block))];

function dedented(block: string): string {
  return block.replaceAll(/^ {4}/gm, '');
}

test('the pages have command lines and configurations', () => {
  expect(LINES.length).toBeGreaterThan(10);
  expect(CONFIGS.length).toBeGreaterThan(8);
});

test.each([...new Set(LINES)])('the command line "relaypass %s" is one', (line) => {
  const host = new TestHost();
  const file = path.join(host.dir, 'old');
  writeFileSync(file, '198.51.100.9\n');
  const args = line
    .split(' ')
    .map((word) => (word.endsWith('.db') ? file : word === '/var/log/mail.log' ? host.log : word));
  const { status, stderr } = host.run(...args);
  expect(stderr).toBe('');
  expect([0, 69, 75, 78]).toContain(status); // check and status tell of what this host lacks
});

test.each(CONFIGS)('a configuration is valid: %#', (toml) => {
  const file = path.join(tempDir(), 'relaypass.toml');
  writeFileSync(file, toml);
  expect(() => loadConfig(file)).not.toThrow();
});
