import { expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';

test('the rules for Sendmail have tabs between their columns', () => {
  const rules = readFileSync('docs/examples/popauth.m4', 'utf8').match(/^R.*$/gm) ?? [];
  expect(rules).toHaveLength(8);
  for (const rule of rules) expect(rule).toMatch(/^[^\t]+\t+[^\t]+$/);
});
