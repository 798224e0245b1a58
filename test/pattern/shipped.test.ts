import { expect, test } from '@jest/globals';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { loadPattern } from '../../src/pattern/file.ts';
import { SHIPPED_PATTERNS } from '../../src/pattern/load.ts';

const files = readdirSync(SHIPPED_PATTERNS).filter((file) => file.endsWith('.toml'));

test.each(files)('%s finds what its samples say, and each of its regexes has one', (file) => {
  const pattern = loadPattern(path.join(SHIPPED_PATTERNS, file));
  expect(pattern.rules.length).toBeGreaterThan(0);
});

test.each(files)('each regex of %s has a text to look for before it is tried', (file) => {
  const { rules } = loadPattern(path.join(SHIPPED_PATTERNS, file));
  for (const { regex } of rules) expect(regex.literal.length).toBeGreaterThanOrEqual(3);
});
