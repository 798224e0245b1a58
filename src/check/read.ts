/** Reads other programs' configuration: what is missing, or closed to the daemon's user, says nothing. */
import { readdirSync, readFileSync } from 'node:fs';
import { errnoOf } from '../errors.ts';

export function textOf(file: string): string {
  return orNothing(() => readFileSync(file, 'utf8'), '');
}

export function namesIn(folder: string): string[] {
  return orNothing(() => readdirSync(folder), []);
}

const NOTHING = ['ENOENT', 'EACCES', 'EISDIR'];

function orNothing<T>(read: () => T, nothing: T): T {
  try {
    return read();
  } catch (failure) {
    if (NOTHING.includes(errnoOf(failure) ?? '')) return nothing;
    throw failure;
  }
}
