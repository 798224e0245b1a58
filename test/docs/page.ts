/** The pages for admins, cut into what stands in them as code. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

interface Page {
  /** `docs/maps.md` */
  readonly name: string;
  readonly text: string;
  /** Fenced and indented blocks, without their fences and indents. */
  readonly blocks: readonly string[];
  /** What stands between backquotes within a line. */
  readonly spans: readonly string[];
}

const FENCED = /^```\w*\n([^]*?)^```$/gm;
const INDENTED = /(?:^ {4,}.*\n)+/gm;

/** The README and all of docs/, decisions too. */
export const PAGES: readonly Page[] = ['README.md', ...pagesIn('docs'), ...pagesIn('docs/decisions')].map(readPage);

/** @throws Error where there is none of that name */
export function pageOf(name: string): Page {
  const page = PAGES.find((each) => each.name === name);
  if (page === undefined) throw new Error(`there is no page ${name}`);
  return page;
}

function pagesIn(folder: string): string[] {
  const names = readdirSync(folder).filter((name) => name.endsWith('.md'));
  return names.map((name) => path.join(folder, name)).toSorted();
}

function readPage(name: string): Page {
  const text = readFileSync(name, 'utf8');
  const rest = text.replaceAll(FENCED, '');
  const fenced = Array.from(text.matchAll(FENCED), ([, block = '']) => block);
  const indented = Array.from(rest.matchAll(INDENTED), ([block]) => block.replaceAll(/^ {4}/gm, ''));
  const prose = rest.replaceAll(INDENTED, '');
  const spans = Array.from(prose.matchAll(/`([^`]+)`/g), ([, span = '']) => span.replaceAll(/\s+/g, ' '));
  return { name, text, blocks: [...fenced, ...indented], spans };
}
