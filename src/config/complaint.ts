/** What zod finds wrong with an option, as the sentence that an admin reads: what was expected, found, and is to be written. */
import type * as z from 'zod';

/** For `error` of zod's parse: the sentence, unless the schema has one of its own. */
export function complaintOf(issue: z.core.$ZodRawIssue): string | undefined {
  const expected = expectationOf(issue);
  if (expected === undefined) return undefined;
  const found = foundBy(issue);
  return found === undefined
    ? `missing: expected ${expected}`
    : `expected ${expected}, found ${shown(found)}${adviceOn(issue)}`;
}

/** A value of the file as it is written there, cut to what a line holds; what is long is told by its kind. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return `"${value.length > MAX_SHOWN ? `${value.slice(0, MAX_SHOWN)}...` : value}"`;
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (value instanceof Date) return 'a date';
  return isTable(value) ? 'a table' : String(value);
}

const MAX_SHOWN = 100;

const KINDS: Readonly<Record<string, string>> = {
  string: 'text in quotes',
  number: 'a number without quotes',
  int: 'a whole number',
  boolean: 'true or false without quotes',
  array: 'a list',
  object: 'a table',
};

function expectationOf(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code === 'invalid_type') return KINDS[issue.expected];
  if (issue.code === 'invalid_value') return oneOf(issue.values);
  if (issue.code === 'too_big') return `at most ${issue.maximum}`;
  if (issue.code === 'too_small') return LEAST[issue.origin] ?? `at least ${issue.minimum}`;
  return issue.code === 'invalid_union' && Array.isArray(issue['options']) ? oneOf(issue['options']) : undefined;
}

/** Of tables that one key tells apart, that key's value is at fault. */
function foundBy({ code, input, discriminator }: z.core.$ZodRawIssue): unknown {
  if (code !== 'invalid_union' || !isTable(input)) return input;
  return Object.entries(input).find(([key]) => key === discriminator)?.[1];
}

/** Of what may be of any length but none. */
const LEAST: Readonly<Record<string, string>> = { array: 'one or more in the list', string: 'one character or more' };

function oneOf(values: readonly unknown[]): string {
  const texts = values.map(shown);
  const last = texts.pop() ?? '';
  return texts.length === 0 ? last : `${texts.join(', ')} or ${last}`;
}

/** Brackets are what is got wrong most. */
function adviceOn({ code, expected, input, path = [] }: z.core.$ZodRawIssue): string {
  if (code !== 'invalid_type') return '';
  if (path.length > 1) return expected === 'array' && typeof input === 'string' ? `; write [${shown(input)}]` : '';
  const name = String(path[0]);
  if (expected === 'array') return isTable(input) ? `; write [[${name}]] for [${name}]` : '';
  return expected === 'object' ? `; write [${name}] on a line of its own, and its options below it` : '';
}

function isTable(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}
