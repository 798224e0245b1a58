/** A terminal's screen as a picture: text, so that it is sharp, small, and can be searched. */
import type { Cell } from '../terminal-screen.ts';

const CELL = { width: 8.4, height: 18 }; // of the font below at its size
const FONT = 'ui-monospace, Menlo, Consolas, monospace';
const FONT_SIZE = 14;
const BAR = 30; // above the screen, with the title
const MARGIN = 12;

/** By the parameter of SGR; another one is plain. */
const STYLES: Readonly<Record<number, string>> = {
  1: 'fill="#fff" font-weight="bold"',
  2: 'fill="#8b949e"',
  31: 'fill="#ff7b72"',
  32: 'fill="#7ee787"',
  33: 'fill="#e3b341"',
};
const PLAIN = 'fill="#d0d7de"';

export interface Picture {
  /** What was typed. */
  readonly title: string;
  readonly columns: number;
  readonly cells: readonly (readonly Cell[])[];
}

export function toSvg({ title, columns, cells }: Picture): string {
  const width = Math.ceil(columns * CELL.width) + 2 * MARGIN;
  const height = BAR + cells.length * CELL.height + MARGIN;
  const lines = cells.flatMap((line, row) => runsOf(line).map((run) => textElement(run, row)));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" font-family="${FONT}" font-size="${FONT_SIZE}">`,
    `<title>${escapeXml(title)}</title>`,
    `<rect width="${width}" height="${height}" rx="8" fill="#161b22"/>`,
    `<text x="${MARGIN}" y="20" fill="#8b949e">${escapeXml(`$ ${title}`)}</text>`,
    ...lines,
    '</svg>\n',
  ].join('\n');
}

interface Run {
  readonly column: number;
  readonly tone: number;
  readonly text: string;
}

/** Neighbours of one tone, without the blanks around them. */
function runsOf(line: readonly Cell[]): Run[] {
  const runs: Run[] = [];
  line.forEach(({ text, tone }, column) => {
    const last = runs.at(-1);
    if (last?.tone === tone) runs[runs.length - 1] = { ...last, text: last.text + text };
    else runs.push({ column, tone, text });
  });
  return runs
    .map(({ column, tone, text }) => {
      return { column: column + text.length - text.trimStart().length, tone, text: text.trim() };
    })
    .filter(({ text }) => text !== '');
}

/** Its length is set, so that columns stand below each other in whatever font there is. */
function textElement({ column, tone, text }: Run, row: number): string {
  const x = (MARGIN + column * CELL.width).toFixed(1);
  const y = BAR + row * CELL.height + FONT_SIZE;
  const length = (text.length * CELL.width).toFixed(1);
  const place = `x="${x}" y="${y}" textLength="${length}" lengthAdjust="spacingAndGlyphs" xml:space="preserve"`;
  return `<text ${place} ${STYLES[tone] ?? PLAIN}>${escapeXml(text)}</text>`;
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
