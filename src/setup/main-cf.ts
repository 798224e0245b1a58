/**
 * The text of a main.cf, and how a restriction gets into one of its lists: in the place where Postfix reads it, and in
 * the layout that the admin gave it. Pure.
 *
 *     name = value, value        a line that begins with a blank goes on with the one before;
 *         value,                 empty lines and comments may lie between, and do not end it
 *     # comment
 *         value                  of several definitions the last holds
 *
 * Limits: what `$name` stands for is not looked into. Whoever writes the result asks Postfix what it makes of it.
 */
import { refusalIn, WORD } from '../check/wiring.ts';

/** Puts `added` into the list `name`, before the first word of it that refuses; undefined where none is written there. */
export function insertRestriction(text: string, name: string, added: readonly string[]): string | undefined {
  const value = valueOf(text, name);
  if (value === undefined) return undefined;
  const tokens = tokensOf(value.text);
  const refusal = tokens[refusalIn(tokens.map(({ word }) => word))];
  if (refusal === undefined) return undefined;
  const before = value.text.slice(0, refusal.at);
  const indent = /\n([ \t]+)$/.exec(before)?.[1];
  const separator = indent === undefined ? ', ' : `,\n${indent}`;
  const at = value.at + refusal.at;
  return text.slice(0, at) + added.map((word) => word + separator).join('') + text.slice(at);
}

/** Whether the file defines `name` at all. */
export function defines(text: string, name: string): boolean {
  return valueOf(text, name) !== undefined;
}

/** Defines `name`, which the file does not yet. */
export function appendDefinition(text: string, name: string, value: string): string {
  const end = text === '' || text.endsWith('\n') ? '' : '\n';
  return `${text}${end}${name} = ${value}\n`;
}

interface Value {
  /** Where it begins. */
  readonly at: number;
  /** All of it, with blanks for the comments in it. */
  readonly text: string;
}

function valueOf(text: string, name: string): Value | undefined {
  let found: Value | undefined;
  let at = 0;
  let isOurs = false;
  for (const line of text.match(/[^\n]*\n|[^\n]+$/g) ?? []) {
    if (isComment(line)) {
      if (found !== undefined && isOurs) found = { ...found, text: found.text + blanked(line) };
    } else if (/^[ \t]/.test(line)) {
      if (found !== undefined && isOurs) found = { ...found, text: found.text + line };
    } else {
      const [head] = /^([^\s=]+)[ \t]*=/.exec(line) ?? [];
      isOurs = head?.replace(/[ \t]*=$/, '') === name;
      if (isOurs && head !== undefined) found = { at: at + head.length, text: line.slice(head.length) };
    }
    at += line.length;
  }
  return found;
}

function isComment(line: string): boolean {
  return /^\s*(#|$)/.test(line);
}

/** As long as the line, so that places in the text stay what they are. */
function blanked(line: string): string {
  return line.replaceAll(/[^\n]/g, ' ');
}

/** The words and where they stand. */
function tokensOf(text: string): { readonly word: string; readonly at: number }[] {
  return [...text.matchAll(WORD)].map(({ 0: word, index }) => ({ word, at: index }));
}
