import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { PACKAGE_DIR } from '../src/package.ts';
import { withSources } from '../src/stack.ts';

const BUNDLE = path.join(PACKAGE_DIR, 'dist/bin/list.cjs');

test('a stack trace of the bundle names the places in the sources', () => {
  const line = 1 + lineOf(BUNDLE, /^function parseDuration\d*\(/);
  const stack = `Error: x\n    at parseDuration (list.cjs:${line}:3)\n    at node:internal/main:1:2`;
  const declared = 1 + lineOf(path.join(PACKAGE_DIR, 'src/config/duration.ts'), /^export function parseDuration\(/);
  expect(withSources(stack)).toBe(
    `Error: x\n    at parseDuration (src/config/duration.ts:${declared}:8)\n    at node:internal/main:1:2`,
  );
});

test('a stack trace of anything else stays as it is', () => {
  const stack = 'Error: x\n    at f (/srv/list.cjs:1:2)\n    at other.cjs:1:2';
  expect(withSources(stack)).toBe(stack);
});

function lineOf(file: string, start: RegExp): number {
  return readFileSync(file, 'utf8')
    .split('\n')
    .findIndex((line) => start.test(line));
}
