import { escapeControls } from '../log.ts';
import type { Terminal } from './terminal.ts';
import { wrap } from './wrap.ts';

export const INDENT = '  ';
const LEAST_WIDTH = 20; // fewer characters a line cannot be read

/** `text`, untrusted, in lines that fit on the terminal behind `indent`. */
export function fold(text: string, indent: string, { terminal }: { readonly terminal: Terminal }): string[] {
  const width = Math.max(LEAST_WIDTH, (terminal.columns ?? Infinity) - indent.length);
  return wrap(escapeControls(text), width).map((line) => indent + line);
}
