/**
 * Reads the part of RE2's syntax that a pattern may use, so that the rules of regex-rules.ts can be checked on it; re2js
 * or V8 does the matching. What it does not know it refuses: inline flags, Unicode classes, look-around, back references.
 */

/** A part of a regex; `at` is where it starts, from 0. */
export type Node =
  | { readonly kind: 'literal'; readonly char: string; readonly at: number }
  | { readonly kind: 'set'; readonly chars: ReadonlySet<number>; readonly at: number }
  | { readonly kind: 'anchor'; readonly char: '^' | '$'; readonly at: number }
  | { readonly kind: 'sequence'; readonly parts: readonly Node[]; readonly at: number }
  | { readonly kind: 'choice'; readonly options: readonly Node[]; readonly at: number }
  | { readonly kind: 'group'; readonly name: string | undefined; readonly body: Node; readonly at: number }
  | { readonly kind: 'repeat'; readonly body: Node; readonly min: number; readonly max: number; readonly at: number };

/** Stands for every character that is not ASCII, in sets of character codes. */
export const BEYOND_ASCII = 128;

/** Why a regex is refused, and where in it, from 0. */
export class RegexError extends Error {
  override readonly name = 'RegexError';
  readonly index: number;

  constructor(index: number, message: string) {
    super(message);
    this.index = index;
  }
}

/** @throws RegexError where `source` uses what a pattern may not */
export function parseRegex(source: string): Node {
  return new Parser(source).parse();
}

class Parser {
  readonly #source: string;
  #at = 0;

  constructor(source: string) {
    this.#source = source;
  }

  parse(): Node {
    const node = this.#choice();
    if (this.#at < this.#source.length) throw new RegexError(this.#at, 'a ")" without its "("');
    return node;
  }

  #peek(): string {
    return this.#source.charAt(this.#at);
  }

  #take(text: string): boolean {
    if (!this.#source.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  #choice(): Node {
    const at = this.#at;
    const options = [this.#sequence()];
    while (this.#take('|')) options.push(this.#sequence());
    const [only] = options;
    return options.length === 1 && only !== undefined ? only : { kind: 'choice', options, at };
  }

  #sequence(): Node {
    const at = this.#at;
    const parts: Node[] = [];
    while (this.#at < this.#source.length && this.#peek() !== '|' && this.#peek() !== ')') {
      parts.push(this.#repeated(this.#atom()));
    }
    return { kind: 'sequence', parts, at };
  }

  #repeated(body: Node): Node {
    const at = this.#at;
    const [min, max] = this.#counts();
    if (min === undefined || max === undefined) return body;
    this.#take('?'); // a lazy repeat matches the same lines
    if (this.#counts()[0] !== undefined) throw new RegexError(at, 'a repeat of a repeat');
    return { kind: 'repeat', body, min, max, at: body.at };
  }

  #counts(): readonly [number, number] | readonly [] {
    if (this.#take('*')) return [0, Infinity];
    if (this.#take('+')) return [1, Infinity];
    if (this.#take('?')) return [0, 1];
    if (this.#peek() !== '{') return [];
    const counts = /^\{(\d+)(,(\d*))?\}/.exec(this.#source.slice(this.#at));
    if (counts === null) throw new RegexError(this.#at, 'a "{" that is no count; write "\\{"');
    this.#at += counts[0].length;
    const min = Number(counts[1]);
    if (counts[2] === undefined) return [min, min];
    return [min, counts[3] === '' ? Infinity : Number(counts[3])];
  }

  #atom(): Node {
    const at = this.#at;
    const char = this.#source.charAt(this.#at++);
    switch (char) {
      case '(':
        return this.#group(at);
      case '[':
        return { kind: 'set', chars: this.#set(at), at };
      case '.':
        return { kind: 'set', chars: without(ANY, new Set([LF])), at };
      case '^':
      case '$':
        return { kind: 'anchor', char, at };
      case '*':
      case '+':
      case '?':
        throw new RegexError(at, `nothing before "${char}" to repeat`);
      case '\\':
        return this.#escape(at);
      default:
        return { kind: 'literal', char, at };
    }
  }

  #group(at: number): Node {
    const name = this.#groupName(at);
    const body = this.#choice();
    if (!this.#take(')')) throw new RegexError(at, 'a "(" without its ")"');
    return { kind: 'group', name, body, at };
  }

  #groupName(at: number): string | undefined {
    if (!this.#take('?')) throw new RegexError(at, 'a group without a name; write "(?:" for one that captures nothing');
    if (this.#take(':')) return undefined;
    const name = /^P?<([A-Za-z_]\w*)>/.exec(this.#source.slice(this.#at));
    if (name === null) throw new RegexError(at, 'look-around and inline flags are not supported');
    this.#at += name[0].length;
    return name[1];
  }

  #escape(at: number): Node {
    const char = this.#source.charAt(this.#at++);
    const chars = CLASSES[char];
    if (chars !== undefined) return { kind: 'set', chars, at };
    if (/\d/.test(char)) throw new RegexError(at, 'back references are not supported');
    if (/\w/.test(char) || char === '') throw new RegexError(at, `the escape "\\${char}" is not supported`);
    return { kind: 'literal', char, at };
  }

  #set(at: number): ReadonlySet<number> {
    const isNegated = this.#take('^');
    const chars = new Set<number>();
    for (let first = true; first || this.#peek() !== ']'; first = false) {
      if (this.#at >= this.#source.length) throw new RegexError(at, 'a "[" without its "]"');
      for (const char of this.#range()) chars.add(char);
    }
    this.#at++;
    return isNegated ? without(ANY, chars) : chars;
  }

  #range(): Iterable<number> {
    const at = this.#at;
    const low = this.#member();
    if (typeof low !== 'number') return low;
    if (this.#peek() !== '-' || this.#source.charAt(this.#at + 1) === ']') return [low];
    this.#at++;
    const high = this.#member();
    if (typeof high !== 'number' || high < low) throw new RegexError(at, 'a range that is none');
    return Array.from({ length: high - low + 1 }, (_, index) => low + index);
  }

  #member(): number | ReadonlySet<number> {
    const at = this.#at;
    const char = this.#source.charAt(this.#at++);
    if (char === '[' && this.#peek() === ':') throw new RegexError(at, 'named classes are not supported');
    if (char !== '\\') return codeOf(char);
    const escaped = this.#escape(at);
    if (escaped.kind === 'set') return escaped.chars;
    return escaped.kind === 'literal' ? codeOf(escaped.char) : BEYOND_ASCII;
  }
}

const LF = 10;

/** The code that stands for `char` in sets. */
export function codeOf(char: string): number {
  return Math.min(char.charCodeAt(0), BEYOND_ASCII);
}

const ANY: ReadonlySet<number> = new Set(Array.from({ length: BEYOND_ASCII + 1 }, (_, code) => code));
const DIGITS = matching(/\d/);
const WORDS = matching(/\w/);
const SPACES = matching(/[\t\n\f\r ]/);
const CLASSES: Readonly<Record<string, ReadonlySet<number>>> = {
  d: DIGITS,
  D: without(ANY, DIGITS),
  w: WORDS,
  W: without(ANY, WORDS),
  s: SPACES,
  S: without(ANY, SPACES),
};

function matching(regex: RegExp): ReadonlySet<number> {
  return new Set([...ANY].filter((code) => code < BEYOND_ASCII && regex.test(String.fromCharCode(code))));
}

function without(all: ReadonlySet<number>, some: ReadonlySet<number>): ReadonlySet<number> {
  return new Set([...all].filter((code) => !some.has(code)));
}
