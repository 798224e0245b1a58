/** The tables of the docs: each part of the bench writes its own between two markers. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { machine } from './measure.ts';

/** One line of the table. */
export interface Row {
  readonly what: string;
  readonly measured: string;
  readonly target: string;
  /** Undefined where there is none to miss. */
  readonly isMet: boolean | undefined;
}

export const DOCS = path.resolve(import.meta.dirname, '../../../docs');

/** Prints `rows`, and puts them in the place of those that `part` had on the page. */
export function report(part: string, rows: readonly Row[]): void {
  const lines = rows.map(({ what, measured, target, isMet }) => {
    const verdict = isMet === undefined ? '' : isMet ? 'met' : '**missed**';
    return `| ${what} | ${measured} | ${target} | ${verdict} |`;
  });
  const table = ['| what | measured | target | |', '|---|---|---|---|', ...lines].join('\n');
  process.stdout.write(`${part}\n${table}\n\n`);
  putOnPage('performance.md', part, table);
}

/** Puts `text` in the place of what `part` had on the page, and says when it was measured on what. */
export function putOnPage(name: string, part: string, text: string): void {
  const file = path.join(DOCS, name);
  const [begin, end] = [`<!-- bench:${part} -->`, `<!-- /bench:${part} -->`];
  const page = readFileSync(file, 'utf8');
  const [before, rest] = page.split(begin);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined) throw new Error(`${file}: no ${begin} ... ${end}`);
  const day = new Date().toISOString().slice(0, 10);
  writeFileSync(file, `${before}${begin}\n\n${text}\n\n${day}: ${machine()}.\n\n${end}${after}`);
}

/** Seconds, milliseconds or microseconds, as a person reads them. */
export function time(seconds: number): string {
  if (seconds >= 1) return `${seconds.toFixed(2)} s`;
  if (seconds >= 0.01) return `${(seconds * 1000).toFixed(0)} ms`;
  return seconds >= 0.001 ? `${(seconds * 1000).toFixed(1)} ms` : `${(seconds * 1e6).toFixed(0)} us`;
}
