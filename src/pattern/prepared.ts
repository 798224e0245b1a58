/**
 * The shipped patterns as the build has read and checked them: to do that again takes longer than all the rest of a
 * start. What was prepared counts only while its file still holds the very text that it was prepared from.
 */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { PACKAGE_DIR } from '../package.ts';
import { checkedRegex, type CompiledRegex, type RegexFacts } from './compile.ts';
import type { FailureRule, Pattern, Rule } from './pattern.ts';

/** Where the build puts them. */
export const PREPARED_FILE = path.join(PACKAGE_DIR, 'dist/bin/patterns.json');

/** A pattern as JSON holds it, and the text of its file. */
export interface Prepared extends Omit<Pattern, 'rules' | 'failures'> {
  readonly text: string;
  readonly rules: readonly PreparedRule<Rule>[];
  readonly failures: readonly PreparedRule<FailureRule>[];
}

type PreparedRule<T> = Omit<T, 'regex'> & { readonly regex: PreparedRegex };
type PreparedRegex = Omit<RegexFacts, 'groups'> & { readonly groups: readonly string[] };

export function prepare(pattern: Pattern, text: string): Prepared {
  const rules = pattern.rules.map((rule) => ({ ...rule, regex: prepareRegex(rule.regex) }));
  const failures = pattern.failures.map((rule) => ({ ...rule, regex: prepareRegex(rule.regex) }));
  return { ...pattern, text, rules, failures };
}

function prepareRegex({ source, literal, leads, isNative, groups }: CompiledRegex): PreparedRegex {
  return { source, literal, leads, isNative, groups: [...groups] };
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
  const rules = prepared.rules.map((rule): Rule => ({ ...rule, regex: recallRegex(rule.regex) }));
  const failures = prepared.failures.map((rule): FailureRule => ({ ...rule, regex: recallRegex(rule.regex) }));
  return { ...prepared, rules, failures };
}

function recallRegex(regex: PreparedRegex): CompiledRegex {
  return checkedRegex({ ...regex, groups: new Set(regex.groups) });
}
