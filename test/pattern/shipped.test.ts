import { expect, test } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { loadPattern, readShippedPattern } from '../../src/pattern/file.ts';
import { SHIPPED_PATTERNS } from '../../src/pattern/load.ts';
import { checkSamples } from '../../src/pattern/samples.ts';

const files = readdirSync(SHIPPED_PATTERNS).filter((file) => file.endsWith('.toml'));

test.each(files)('%s finds what its samples say, and each of its regexes has one', (file) => {
  const pattern = loadPattern(path.join(SHIPPED_PATTERNS, file));
  expect(pattern.rules.length).toBeGreaterThan(0);
});

test.each(files)('each regex of %s has a text to look for before it is tried', (file) => {
  const { rules } = loadPattern(path.join(SHIPPED_PATTERNS, file));
  for (const { regex } of rules) expect(regex.literal.length).toBeGreaterThanOrEqual(3);
});

test.each(files)('%s finds the same when a line of its server is the first to need its regexes', (file) => {
  const pattern = readShippedPattern(path.join(SHIPPED_PATTERNS, file));
  const samples = path.join(SHIPPED_PATTERNS, file.replace('.toml', '.samples'));
  checkSamples(pattern, samples, readFileSync(samples, 'utf8'));
});
