/**
 * What a command tells, as JSON for programs: `--json` prints one array, `--jsonl` one object a line. Instants are epoch
 * milliseconds, and fields are only added, never renamed.
 */
import type { Argv } from 'yargs';
import { writeOut } from '../stdio.ts';
import { print, printJson } from './command.ts';

export interface JsonArgs {
  readonly json: boolean;
  readonly jsonl: boolean;
}

export function jsonOptions<T>(argv: Argv<T>): Argv<T & JsonArgs> {
  return argv
    .option('json', { type: 'boolean', default: false, describe: 'Print JSON: one array' })
    .option('jsonl', { type: 'boolean', default: false, describe: 'Print JSON: one object a line' });
}

/** Prints `rows` as the JSON that was asked for; without any, `tell` prints them for people. */
export function printRows(rows: readonly unknown[], { json, jsonl }: JsonArgs, tell: () => void): void {
  if (json) printJson(rows);
  else if (jsonl) writeOut(rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  else tell();
}

/** Prints what only people want to read. */
export function say(text: string, { json, jsonl }: JsonArgs): void {
  if (!json && !jsonl) print(text);
}
