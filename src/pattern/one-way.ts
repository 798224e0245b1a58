/**
 * Whether a regex can be read in one way only, so that an engine which goes back where it is wrong, as V8's does, is as
 * quick with any line as with a good one, and that all engines find the same in it.
 *
 * The regex is taken as its places, each a character or a set of them, and the places that can follow each (Glushkov's
 * automaton). What is asked is that no text leads to the same place by two ways. Then there are at each character of a
 * line no more ways than places, whatever the line is: n characters are read in a multiple of n steps. The line's end is a
 * place like others, so a line that matches does so in one way, and it does not matter which of two an engine prefers.
 *
 * Limits: a counted repeat is taken as one without an end; a regex of very many doubts is said to have two ways.
 */
import type { Node } from './regex-syntax.ts';

/** False where it is not certain. */
export function isOneWay(regex: Node): boolean {
  const { all, hasTwins } = new Places(regex);
  return !hasTwins && !new Doubts().canMeet(all);
}

interface Place {
  readonly number: number;
  /** The codes of the characters that it takes. */
  readonly chars: ReadonlySet<number>;
  readonly next: Place[];
}

/** A part of the regex: where it can begin and end. */
interface Part {
  readonly first: readonly Place[];
  readonly last: readonly Place[];
  readonly canBeEmpty: boolean;
}

const NOTHING: Part = { first: [], last: [], canBeEmpty: true };
/** What stands before a line and behind it. */
const EDGE: ReadonlySet<number> = new Set([-1]);

class Places {
  readonly all: Place[] = [];
  /** Two ways lead from one place to the next, or past a part that can be empty. */
  hasTwins = false;

  constructor(regex: Node) {
    this.#then(this.#then(this.#place(EDGE), this.#partOf(regex)), this.#place(EDGE));
  }

  #partOf(node: Node): Part {
    if (node.kind === 'literal') return this.#place(new Set([node.char.charCodeAt(0)]));
    if (node.kind === 'set') return this.#place(node.chars);
    if (node.kind === 'group') return this.#partOf(node.body);
    if (node.kind === 'choice') return this.#choice(node.options.map((option) => this.#partOf(option)));
    if (node.kind === 'sequence')
      return node.parts.reduce((before, part) => this.#then(before, this.#partOf(part)), NOTHING);
    return node.kind === 'anchor' ? NOTHING : this.#repeat(this.#partOf(node.body), node.min, node.max);
  }

  #place(chars: ReadonlySet<number>): Part {
    const place = { number: this.all.length, chars, next: [] };
    this.all.push(place);
    return { first: [place], last: [place], canBeEmpty: false };
  }

  #choice(options: readonly Part[]): Part {
    this.hasTwins ||= options.filter(({ canBeEmpty }) => canBeEmpty).length > 1;
    return {
      first: options.flatMap(({ first }) => first),
      last: options.flatMap(({ last }) => last),
      canBeEmpty: options.some(({ canBeEmpty }) => canBeEmpty),
    };
  }

  #then(before: Part, part: Part): Part {
    this.#connect(before, part);
    return {
      first: before.canBeEmpty ? [...before.first, ...part.first] : before.first,
      last: part.canBeEmpty ? [...before.last, ...part.last] : part.last,
      canBeEmpty: before.canBeEmpty && part.canBeEmpty,
    };
  }

  #repeat(body: Part, min: number, max: number): Part {
    this.hasTwins ||= body.canBeEmpty;
    if (max > 1) this.#connect(body, body);
    return { ...body, canBeEmpty: min === 0 };
  }

  #connect({ last }: Part, { first }: Part): void {
    for (const { next } of last) {
      this.hasTwins ||= first.some((place) => next.includes(place));
      if (!this.hasTwins) next.push(...first);
    }
  }
}

/** More take longer to look through than a pattern is worth. */
const MAX_DOUBTS = 10_000;

/** The pairs of places to which one text can lead. */
class Doubts {
  readonly #known = new Set<string>();
  /** Those that are known and not looked past yet: a list, since a regex can lead on for longer than a call stack is deep. */
  readonly #open: (readonly [Place, Place])[] = [];

  /** Whether two ways that part at one of `places` lead to the same one. */
  canMeet(places: readonly Place[]): boolean {
    for (const { next } of places)
      for (const [index, one] of next.entries()) for (const other of next.slice(index + 1)) this.#add(one, other);
    for (let pair = this.#open.pop(); pair !== undefined; pair = this.#open.pop()) {
      const [one, other] = pair;
      if (one === other || this.#known.size > MAX_DOUBTS) return true;
      for (const after of one.next) for (const otherAfter of other.next) this.#add(after, otherAfter);
    }
    return false;
  }

  #add(one: Place, other: Place): void {
    const name = `${one.number} ${other.number}`;
    if (this.#known.size > MAX_DOUBTS || this.#known.has(name) || !haveCommon(one.chars, other.chars)) return;
    this.#known.add(name);
    this.#open.push([one, other]);
  }
}

function haveCommon(some: ReadonlySet<number>, others: ReadonlySet<number>): boolean {
  for (const code of some) if (others.has(code)) return true;
  return false;
}
