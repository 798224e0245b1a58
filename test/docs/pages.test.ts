/** Whatever the pages for admins have as code is run, here or by the test that is named here. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { loadConfig } from '../../src/config/load.ts';
import { TestHost } from '../relaypass-process.ts';
import { tempDir } from '../temp-dir.ts';
import { PAGES, pageOf } from './page.ts';

/** docs/cluster.md has its own test, test/e2e/cluster-server-kinds.test.ts. */
const BLOCKS = PAGES.filter(({ name }) => name !== 'docs/cluster.md').flatMap(({ name, blocks }) =>
  blocks.map((block) => ({ page: name, block })),
);

/** Blocks that another test runs; where none is named there is nothing to run. */
const RUN_ELSEWHERE: readonly (readonly [page: string, start: string, test: string | undefined])[] = [
  ['README.md', 'mail log, journal -->', undefined],
  ['README.md', 'apt install', 'test/e2e/five-minutes.test.ts'],
  ['README.md', 'npm run ready && npm pack', 'test/e2e/npm-install.test.ts'],
  ['README.md', 'relaypass setup sendmail', 'test/e2e/setup.test.ts'],
  ['README.md', 'relaypass setup postfix', 'test/e2e/setup.test.ts'],
  ['README.md', 'relaypass match --pattern', 'test/readme.test.ts'],
  ['README.md', 'name = "mymaild"', 'test/readme.test.ts'],
  ['README.md', '# login address=', 'test/readme.test.ts'],
  ['docs/lookups.md', 'install -d', 'test/e2e/lookups.test.ts'],
  ['docs/lookups.md', 'check_policy_service', 'test/docs/lookups.test.ts'],
  ['docs/lookups.md', 'postconf -e', 'test/docs/lookups.test.ts'],
  ['docs/lookups.md', '# /etc/relaypass/senders', 'test/docs/lookups.test.ts'],
  ['docs/metrics.md', 'install -d', 'test/e2e/metrics.test.ts'],
  ['docs/metrics.md', 'curl', 'test/metrics/metrics.test.ts'],
  ['docs/metrics.md', 'promtool', 'test/docs/metrics.test.ts'],
];

function isConfig(block: string): boolean {
  return /^(?:#.*\n)?(?:\[{1,2}[a-z]|grace = )/.test(block);
}

function isCommandLines(block: string): boolean {
  return block.split('\n').every((line) => /^\s*(relaypass .*)?$/.test(line));
}

function isScripts(block: string): boolean {
  return block.split('\n').every((line) => /^(npm .*)?$/.test(line));
}

const elsewhere = BLOCKS.map(({ page, block }) =>
  RUN_ELSEWHERE.find(([where, start]) => where === page && block.startsWith(start)),
);
const HERE = BLOCKS.filter((_, index) => elsewhere[index] === undefined).map(({ block }) => block);

test('every block is run by a test that reads the page', () => {
  expect(HERE.filter((block) => !isConfig(block) && !isCommandLines(block) && !isScripts(block))).toEqual([]);
  expect(new Set(elsewhere.filter((each) => each !== undefined))).toEqual(new Set(RUN_ELSEWHERE));
  for (const [page, , file] of RUN_ELSEWHERE) {
    if (file !== undefined) expect(readFileSync(file, 'utf8')).toContain(path.basename(page));
  }
});

const LINES = HERE.filter(isCommandLines).flatMap((block) => block.match(/(?<=relaypass ).*/g) ?? []);

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

const CONFIGS = HERE.filter(isConfig);

test.each(CONFIGS)('a configuration is valid: %#', (toml) => {
  const file = path.join(tempDir(), 'relaypass.toml');
  writeFileSync(file, toml);
  expect(() => loadConfig(file)).not.toThrow();
});

test('each script of npm that is named is one', () => {
  const { scripts }: { scripts: Record<string, string> } = JSON.parse(readFileSync('package.json', 'utf8'));
  const named = PAGES.flatMap(({ text }) => text.match(/(?<=npm run )[\w:-]+|(?<=npm )(start|test)\b/g) ?? []);
  expect(Object.keys(scripts)).toEqual(expect.arrayContaining(named));
});

test('the pages are the ones that are meant', () => {
  expect(pageOf('README.md').blocks.length).toBeGreaterThan(5);
  expect([LINES.length, CONFIGS.length].every((count) => count > 8)).toBe(true);
});
