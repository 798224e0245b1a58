/**
 * Compiles a pattern's regex: the only file that imports re2js. It matches in time linear in the line, whatever the
 * regex, so no pattern and no line can hang the daemon; it refuses look-around and back references. A regex of which that
 * is certain with V8's own engine too (one-way.ts) goes to that.
 *
 * Quirk hidden here: looking a group up by its name is slow, so names are turned into numbers once.
 */
import { RE2JS } from 're2js';
import { leadsOf } from './leads.ts';
import { canBeNative, nativeRegex } from './native.ts';
import { checkRegex, groupNames, requiredLiteral } from './regex-rules.ts';
import { parseRegex, RegexError } from './regex-syntax.ts';

/** What is known of a regex that has passed every rule. */
export interface RegexFacts {
  readonly source: string;
  /** Text that a message must hold to be worth matching; empty where there is none. */
  readonly literal: string;
  /** Texts of which a message must start with one. */
  readonly leads: readonly string[];
  /** Whether V8's own engine may match it, see native.ts; else re2js must. */
  readonly isNative: boolean;
  readonly groups: ReadonlySet<string>;
}

/** A regex that has passed every rule. */
export interface CompiledRegex extends RegexFacts {
  /** What the named groups captured, undefined where `message` does not match. */
  match(message: string): Captures | undefined;
}

/** Captured text by group name; a group that took no part is missing. */
export type Captures = Readonly<Record<string, string>>;

/** Longer ones are not written by hand, and cost memory for each state. */
const MAX_REGEX_BYTES = 2048;

/** @throws RegexError with the place and the reason */
export function compileRegex(source: string): CompiledRegex {
  const facts = checkRegexText(source);
  const match = re2MatcherOf(source);
  return facts.isNative ? checkedRegex(facts) : regexOf(facts, match);
}

/**
 * The same for a regex that is known to compile: re2js does so when a message first looks like a match. Of the shipped
 * regexes most are of servers that a host does not have.
 */
export function compileRegexLater(source: string): CompiledRegex {
  return checkedRegex(checkRegexText(source));
}

/** The same for one of which all is known. */
export function checkedRegex(facts: RegexFacts): CompiledRegex {
  let match: CompiledRegex['match'] | undefined;
  return regexOf(facts, (message) => (match ??= matcherOf(facts))(message));
}

function checkRegexText(source: string): RegexFacts {
  if (Buffer.byteLength(source) > MAX_REGEX_BYTES) {
    throw new RegexError(MAX_REGEX_BYTES, `longer than ${MAX_REGEX_BYTES} bytes`);
  }
  const tree = parseRegex(source);
  checkRegex(tree);
  const names = groupNames(tree);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new RegexError(source.lastIndexOf(`<${twice}>`), `the group "${twice}" twice`);
  const isNative = canBeNative(source, tree);
  return { source, literal: requiredLiteral(tree), leads: leadsOf(tree), isNative, groups: new Set(names) };
}

function regexOf(facts: RegexFacts, match: CompiledRegex['match']): CompiledRegex {
  const { literal, leads } = facts;
  return {
    ...facts,
    match: (message) =>
      message.includes(literal) && leads.some((lead) => message.startsWith(lead)) ? match(message) : undefined,
  };
}

function matcherOf({ source, isNative }: RegexFacts): CompiledRegex['match'] {
  return isNative ? nativeMatcherOf(source) : re2MatcherOf(source);
}

function nativeMatcherOf(source: string): CompiledRegex['match'] {
  const regex = nativeRegex(source);
  return (message) => {
    const found = regex.exec(message);
    return found === null ? undefined : (found.groups ?? {});
  };
}

function re2MatcherOf(source: string): CompiledRegex['match'] {
  const compiled = compileRe2(source);
  const numbers = Object.entries(compiled.namedGroups());
  const re2 = compiled.re2();
  return (message) => {
    const texts = re2.findSubmatch(message);
    if (texts === null) return undefined;
    const captures: Record<string, string> = {};
    for (const [name, number] of numbers) {
      const text: unknown = texts[number];
      if (typeof text === 'string') captures[name] = text;
    }
    return captures;
  };
}

function compileRe2(source: string): RE2JS {
  try {
    return RE2JS.compile(source);
  } catch (error) {
    throw new RegexError(0, error instanceof Error ? error.message : String(error));
  }
}
