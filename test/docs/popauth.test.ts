import { expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { popauthM4 } from '../../src/setup/popauth.ts';

test('the rules for Sendmail have tabs between their columns', () => {
  const rules = readFileSync('docs/examples/popauth.m4', 'utf8').match(/^R.*$/gm) ?? [];
  expect(rules).toHaveLength(8);
  for (const rule of rules) expect(rule).toMatch(/^[^\t]+\t+[^\t]+$/);
});

test('the rules in the examples are those that setup writes for the default map', () => {
  const target = {
    form: 'sendmail',
    type: 'hash',
    builder: 'makemap',
    path: '/var/lib/relaypass/popauth',
    file: '/var/lib/relaypass/popauth.db',
  } as const;
  expect(popauthM4(target)).toBe(readFileSync('docs/examples/popauth.m4', 'utf8'));
});
