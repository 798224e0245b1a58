/** A pattern's regex for V8's own engine, which is twenty times as fast as re2js, where it cannot hang on a line. */
import { isOneWay } from './one-way.ts';
import { BEYOND_ASCII, parseRegex, type Node } from './regex-syntax.ts';

/** Whether V8 is quick with any line, and the regex says the same to it. */
export function canBeNative(source: string, regex: Node): boolean {
  return ASCII.test(source) && isOneWay(regex);
}

/** Of other characters the parser does not tell one from another. */
const ASCII = /^[ -~]*$/;

/** The regex `source`, which {@link canBeNative}, as V8 spells it. */
export function nativeRegex(source: string): RegExp {
  return new RegExp(spell(parseRegex(source)), 'u');
}

function spell(node: Node): string {
  if (node.kind === 'literal') return SPECIAL.test(node.char) ? `\\${node.char}` : node.char;
  if (node.kind === 'set') return spellSet(node.chars);
  if (node.kind === 'anchor') return node.char;
  if (node.kind === 'sequence') return node.parts.map(spell).join('');
  if (node.kind === 'choice') return node.options.map(spell).join('|');
  const body = spell(node.body);
  if (node.kind === 'repeat') return `${body}{${node.min},${node.max === Infinity ? '' : node.max}}`;
  return node.name === undefined ? `(?:${body})` : `(?<${node.name}>${body})`;
}

const SPECIAL = /[\^$\\.*+?()[\]{}|/]/;

/** One that holds what is not ASCII leaves some of ASCII out. */
function spellSet(chars: ReadonlySet<number>): string {
  const isNegated = chars.has(BEYOND_ASCII);
  const codes = Array.from({ length: BEYOND_ASCII }, (_, code) => code).filter((code) => chars.has(code) !== isNegated);
  return `[${isNegated ? '^' : ''}${codes.map((code) => `\\x${code.toString(16).padStart(2, '0')}`).join('')}]`;
}
