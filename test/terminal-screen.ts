/** What stands on a terminal after all that was written to it: of ECMA-48, the few sequences that relaypass writes. */

/** A character, and how it is painted: the parameter of the last SGR, 0 for plain. */
export interface Cell {
  readonly text: string;
  readonly tone: number;
}

const BLANK: Cell = { text: ' ', tone: 0 };

// oxlint-disable-next-line no-control-regex -- CSI, its parameters and its final byte
const PIECE = /\u001b\[([\d;?]*)([A-Za-z])|\r\n|[^\u001b\r\n]+|\r|\n/g;

/** Home, erase to the end of the line and of the screen, the other screen, colours. */
export function cellsAfter(raw: string): Cell[][] {
  let lines: Cell[][] = [[]];
  let [row, column, tone] = [0, 0, 0];
  for (const [piece, parameters, final] of raw.matchAll(PIECE)) {
    if (final === 'm') tone = Number(parameters);
    if (final === 'H' || parameters === '?1049') [row, column] = [0, 0];
    if (parameters === '?1049') lines = [[]];
    const line = lines[row] ?? [];
    if (final === 'K') lines[row] = line.slice(0, column);
    if (final === 'J') lines = [...lines.slice(0, row), line.slice(0, column)];
    if (piece.endsWith('\n')) [row, column] = [row + 1, 0];
    else if (piece === '\r') column = 0;
    else if (final === undefined) {
      const written = Array.from(piece, (text) => ({ text, tone }));
      const before = Array.from({ length: column }, (_, index) => line[index] ?? BLANK);
      lines[row] = [...before, ...written, ...line.slice(column + written.length)];
      column += written.length;
    }
  }
  return Array.from(lines, (line: Cell[] | undefined) => line ?? []);
}

/** Its lines, without colours and trailing blanks. */
export function textOf(cells: readonly (readonly Cell[])[]): string[] {
  return cells.map((line) =>
    line
      .map(({ text }) => text)
      .join('')
      .trimEnd(),
  );
}
