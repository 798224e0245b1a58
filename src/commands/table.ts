/**
 * A table: columns aligned by spaces, the last one ragged; control characters escaped. On a terminal it is fitted to the
 * width: columns that are no keys are cut to a few characters, then the last of them left out, then the keys are cut.
 *
 * Limits: a character counts as one column, also a wide one of East Asia.
 */
import { escapeControls } from '../log.ts';
import { paint, type Terminal, type Tone } from './terminal.ts';

const GAP = '  ';
const CUT = '…';
const LEAST = 6; // characters: fewer tell nothing

/** One column of a table of `Row`s. */
export interface Column<Row> {
  readonly header: string;
  readonly cell: (row: Row) => string;
  readonly tone?: (row: Row) => Tone | undefined;
  /** Stays, and whole as long as it can: what an admin copies from here. */
  readonly isKey?: boolean;
  /** The least width, for rows that are printed one by one. */
  readonly width?: number;
}

export interface TableOptions {
  readonly hasHeader: boolean;
  readonly terminal: Pick<Terminal, 'columns' | 'hasColours'>;
}

/** The lines of the table. */
export function renderTable<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  { hasHeader, terminal }: TableOptions,
): string[] {
  const head = hasHeader ? [columns.map(({ header }) => header)] : [];
  const body = rows.map((row) => columns.map(({ cell }) => escapeControls(cell(row))));
  const wished = columns.map(({ isKey = false, width = 0 }, index) => {
    return { index, isKey, width: widestIn(index, [...head, ...body], width) };
  });
  const places = fit(wished, terminal.columns ?? Infinity);
  const toneOf = (row: Row) => (index: number) => columns[index]?.tone?.(row);
  return [
    ...head.map((texts) => renderLine(texts, places, () => 'strong', terminal)),
    ...rows.map((row, line) => renderLine(body[line] ?? [], places, toneOf(row), terminal)),
  ];
}

function widestIn(index: number, lines: readonly (readonly string[])[], atLeast: number): number {
  return lines.reduce((most, texts) => Math.max(most, texts[index]?.length ?? 0), atLeast);
}

/** A column as it is shown. */
interface Place {
  readonly index: number;
  readonly isKey: boolean;
  readonly width: number;
}

function fit(wished: readonly Place[], limit: number): Place[] {
  let places = [...wished];
  for (;;) {
    const least = places.map((place) => ({
      ...place,
      width: place.isKey ? place.width : Math.min(place.width, LEAST),
    }));
    const last = places.findLast(({ isKey }) => !isKey);
    if (excessOf(least, limit) <= 0 || last === undefined) break;
    places = places.filter((place) => place !== last);
  }
  while (excessOf(places, limit) > 0) {
    const widest = widestOf(places.filter(({ isKey, width }) => !isKey && width > LEAST)) ?? widestOf(places);
    if (widest === undefined || widest.width <= 1) break;
    places = places.map((place) => (place === widest ? { ...place, width: place.width - 1 } : place));
  }
  return places;
}

function excessOf(places: readonly Place[], limit: number): number {
  return places.reduce((sum, { width }) => sum + width, GAP.length * (places.length - 1)) - limit;
}

function widestOf(places: readonly Place[]): Place | undefined {
  return places.toSorted((a, b) => b.width - a.width)[0];
}

function renderLine(
  texts: readonly string[],
  places: readonly Place[],
  toneOf: (index: number) => Tone | undefined,
  terminal: Pick<Terminal, 'hasColours'>,
): string {
  let line = '';
  for (const { index, width } of places) {
    const cut = cutTo(texts[index] ?? '', width);
    line += paint(cut, toneOf(index), terminal) + ' '.repeat(width - cut.length) + GAP;
  }
  return line.trimEnd();
}

/** `text` in no more than `width` columns. */
export function cutTo(text: string, width: number): string {
  return text.length <= width ? text : text.slice(0, Math.max(0, width - 1)) + CUT.slice(0, width);
}
