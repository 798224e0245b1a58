import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { unifiedDiff } from '../../src/setup/diff.ts';
import { tempDir } from '../temp-dir.ts';

test('shows what changes with three lines around it', () => {
  const lines = 'abcdefghij'.split('');
  const before = lines.map((line) => `${line}\n`).join('');
  expect(unifiedDiff({ file: '/etc/x', before, after: before.replace('e\n', 'E\nEE\n') })).toBe(`--- /etc/x
+++ /etc/x
@@ -2,7 +2,8 @@
 b
 c
 d
-e
+E
+EE
 f
 g
 h
`);
});

test('of a generated file leaves out what changes comments alone, and no line that counts', () => {
  const between = 'a\n'.repeat(9);
  const before = `# built on Monday\n${between}b\n${between}# the source\n`;
  const after = `# built on Tuesday\n${between}c\n# of c\n${between}`;
  const diff = unifiedDiff({ file: '/etc/x.cf', before, after, isGenerated: true });
  expect(diff.match(/^[-+].*$/gm)).toEqual(['--- /etc/x.cf', '+++ /etc/x.cf', '-b', '+c', '+# of c']);
  expect(unifiedDiff({ file: '/etc/x.cf', before, after })).toContain('-# built on Monday\n');
});

test('shows a new file as one', () => {
  expect(unifiedDiff({ file: '/etc/x', before: undefined, after: 'a\n' })).toBe(
    '--- /dev/null\n+++ /etc/x\n@@ -0,0 +1,1 @@\n+a\n',
  );
});

test('shows nothing where nothing changes', () => {
  expect(unifiedDiff({ file: '/etc/x', before: 'a\n', after: 'a\n' })).toBe('');
});

const anyText = fc
  .tuple(fc.array(fc.constantFrom('a\n', 'b\n', '\n', ' c\n', '-d\n'), { maxLength: 25 }), fc.constantFrom('', 'end'))
  .map(([lines, end]) => lines.join('') + end);

const withPatch = spawnSync('patch', ['--version']).status === 0 ? test : test.skip;

withPatch('patch makes the one text of the other by it', () => {
  const file = path.join(tempDir(), 'file');
  fc.assert(
    fc.property(anyText, anyText, (before, after) => {
      const diff = unifiedDiff({ file, before, after });
      fc.pre(diff !== '');
      writeFileSync(file, before);
      const { status, stdout } = spawnSync('patch', ['--posix', '-u', file], { input: diff, encoding: 'utf8' });
      expect({ status, stdout }).toMatchObject({ status: 0 });
      expect(after === '' ? '' : readFileSync(file, 'utf8')).toBe(after); // patch may remove a file that becomes empty
    }),
    { numRuns: 60 },
  );
});
