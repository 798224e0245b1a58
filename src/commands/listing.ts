/**
 * The listings of all commands: a table for people, JSON for programs. A table has relative times on a terminal and
 * absolute ones elsewhere.
 */
import type { Argv } from 'yargs';
import { systemClock } from '../clock.ts';
import { formatDuration } from '../config/duration.ts';
import { print } from './command.ts';
import { jsonOptions, printRows, type JsonArgs } from './json-rows.ts';
import { renderTable, type Column } from './table.ts';
import { terminalOf } from './terminal.ts';

export interface ListingArgs extends JsonArgs {
  readonly header: boolean;
  readonly absolute: boolean | undefined;
}

/** The options that every listing takes. */
export function listingOptions<T>(argv: Argv<T>): Argv<T & ListingArgs> {
  return jsonOptions(argv)
    .option('header', { type: 'boolean', default: true, describe: 'Name the columns; not with --no-header' })
    .option('absolute', { type: 'boolean', describe: 'Absolute times', defaultDescription: 'unless on a terminal' });
}

/** Prints `rows`; `empty` is said to people where there are none. */
export function printListing<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  { header, empty, ...args }: ListingArgs & { readonly empty: string },
): void {
  const table = () => renderTable(rows, columns, { hasHeader: header, terminal: terminalOf() }).join('\n');
  printRows(rows, args, () => print(rows.length === 0 ? empty : table()));
}

/** How a listing tells an instant: {@link formatAgo} or {@link formatInstant}. */
export type Instants = (at: number) => string;

export function instantsOf({ absolute }: Pick<ListingArgs, 'absolute'>): Instants {
  return (absolute ?? !terminalOf().isTerminal) ? formatInstant : formatAgo;
}

/** `3m 05s ago` */
export function formatAgo(at: number): string {
  return `${formatDuration(systemClock() - at)} ago`;
}

/** `2026-11-24T12:00:00Z` */
export function formatInstant(at: number): string {
  return `${new Date(at).toISOString().slice(0, -MS_CHARS)}Z`;
}

const MS_CHARS = 5; // `.000Z`
