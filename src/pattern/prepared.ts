/**
 * The shipped patterns as the build has read and checked them: to do that again takes longer than all the rest of a
 * start. What was prepared counts only while its file still holds the very text that it was prepared from.
 */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { PACKAGE_DIR } from '../package.ts';
import { checkedRegex, type RegexFacts } from './compile.ts';
import type { Pattern, Rule } from './pattern.ts';

/** Where the build puts them. */
export const PREPARED_FILE = path.join(PACKAGE_DIR, 'dist/bin/patterns.json');

/** A pattern as JSON holds it, and the text of its file. */
export interface Prepared extends Omit<Pattern, 'rules'> {
  readonly text: string;
  readonly rules: readonly PreparedRule[];
}

interface PreparedRule extends Omit<Rule, 'regex'> {
  readonly regex: Omit<RegexFacts, 'groups'> & { readonly groups: readonly string[] };
}

export function prepare(pattern: Pattern, text: string): Prepared {
  const rules = pattern.rules.map(({ regex: { source, literal, leads, groups }, ...rest }): PreparedRule => {
    return { ...rest, regex: { source, literal, leads, groups: [...groups] } };
  });
  return { ...pattern, text, rules };
}

/** All that were prepared, by name; none where the build has not yet been there. */
export function readPrepared(): ReadonlyMap<string, Prepared> {
  if (!existsSync(PREPARED_FILE)) return new Map();
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a part of the program, like its code
  const all = JSON.parse(readFileSync(PREPARED_FILE, 'utf8')) as Prepared[];
  return new Map(all.map((each) => [each.name, each]));
}

/** The pattern that was prepared from `text`, undefined where that is not what the file holds now. */
export function recall(prepared: Prepared | undefined, text: string): Pattern | undefined {
  if (prepared?.text !== text) return undefined;
  const rules = prepared.rules.map(({ regex, ...rest }): Rule => {
    return { ...rest, regex: checkedRegex({ ...regex, groups: new Set(regex.groups) }) };
  });
  return { ...prepared, rules };
}
