/** Two texts as `diff -u` shows them, so that `patch` takes it. */
import type { Change } from './change.ts';

const CONTEXT = 3;

/**
 * The unified diff of a change; empty where nothing changes. Of a generated file without what changes comments alone:
 * Debian's sendmail.cf ends with the whole of sendmail.mc.
 */
export function unifiedDiff({ file, before, after, isGenerated }: Change): string {
  const script = editScript(linesOf(before ?? ''), linesOf(after));
  const hunks = hunksOf(script).filter((hunk) => isGenerated !== true || !changesComments(hunk));
  if (hunks.length === 0) return '';
  return `--- ${before === undefined ? '/dev/null' : file}\n+++ ${file}\n${hunks.map(renderHunk).join('')}`;
}

/** Lines with their ends; only the last may lack one. */
function linesOf(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

interface Step {
  readonly sign: ' ' | '-' | '+';
  readonly line: string;
}

/** The fewest lines out and in: the longest common subsequence of what is between the common head and tail. */
function editScript(a: readonly string[], b: readonly string[]): Step[] {
  const head = commonLength(a, b);
  const tail = commonLength(a.slice(head).toReversed(), b.slice(head).toReversed());
  const middle = middleScript(a.slice(head, a.length - tail), b.slice(head, b.length - tail));
  return [...kept(a.slice(0, head)), ...middle, ...kept(a.slice(a.length - tail))];
}

function commonLength(a: readonly string[], b: readonly string[]): number {
  const differs = a.findIndex((line, index) => line !== b[index]);
  return differs < 0 ? a.length : differs;
}

function kept(lines: readonly string[]): Step[] {
  return lines.map((line) => ({ sign: ' ', line }));
}

function middleScript(a: readonly string[], b: readonly string[]): Step[] {
  const common = commonTable(a, b);
  const steps: Step[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    const [out, into] = [a[i], b[j]];
    if (out !== undefined && out === into) {
      steps.push({ sign: ' ', line: out });
      [i, j] = [i + 1, j + 1];
    } else if (out !== undefined && (into === undefined || at(common, i + 1, j) >= at(common, i, j + 1))) {
      steps.push({ sign: '-', line: out });
      i += 1;
    } else if (into !== undefined) {
      steps.push({ sign: '+', line: into });
      j += 1;
    }
  }
  return steps;
}

/** How many lines the rests of `a` from i and of `b` from j have in common. */
function commonTable(a: readonly string[], b: readonly string[]): Uint32Array[] {
  const table = Array.from({ length: a.length + 1 }, () => new Uint32Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      const isCommon = a[i] === b[j];
      const length = isCommon ? at(table, i + 1, j + 1) + 1 : Math.max(at(table, i + 1, j), at(table, i, j + 1));
      table[i]?.fill(length, j, j + 1);
    }
  }
  return table;
}

function at(table: readonly Uint32Array[], i: number, j: number): number {
  return table[i]?.[j] ?? 0;
}

interface Hunk {
  /** How many lines of each text come before it. */
  readonly start: { readonly a: number; readonly b: number };
  readonly steps: Step[];
}

function hunksOf(script: readonly Step[]): Hunk[] {
  const isNear = (index: number) =>
    script.slice(Math.max(0, index - CONTEXT), index + CONTEXT + 1).some(({ sign }) => sign !== ' ');
  const hunks: Hunk[] = [];
  const passed = { a: 0, b: 0 };
  let wasNear = false;
  for (const [index, step] of script.entries()) {
    const near = isNear(index);
    if (near && !wasNear) hunks.push({ start: { ...passed }, steps: [] });
    if (near) hunks.at(-1)?.steps.push(step);
    if (step.sign !== '+') passed.a += 1;
    if (step.sign !== '-') passed.b += 1;
    wasNear = near;
  }
  return hunks;
}

function changesComments({ steps }: Hunk): boolean {
  return steps.every(({ sign, line }) => sign === ' ' || line.startsWith('#') || line === '\n');
}

function renderHunk({ start, steps }: Hunk): string {
  const a = rangeOf(start.a, steps.filter(({ sign }) => sign !== '+').length);
  const b = rangeOf(start.b, steps.filter(({ sign }) => sign !== '-').length);
  return `@@ -${a} +${b} @@\n${steps.map(renderStep).join('')}`;
}

/** The first line counts from 1, but that of no lines is the one before. */
function rangeOf(start: number, length: number): string {
  return `${length === 0 ? start : start + 1},${length}`;
}

function renderStep({ sign, line }: Step): string {
  return line.endsWith('\n') ? sign + line : `${sign}${line}\n\\ No newline at end of file\n`;
}
