import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { isOneWay } from '../../src/pattern/one-way.ts';
import { parseRegex, type Node } from '../../src/pattern/regex-syntax.ts';
import { regexes } from './regexes.ts';

test.each([
  '^user=<(?P<user>[^<>]+)>$',
  '^(?:Info: )?(?:imap|pop3)-login: (?:Login|Logged in)$',
  '^a(?:, TLS)?(?:, TLSv[0-9.]+ with x)?(?:, session=<x>)?,?$',
  '^\\((?P<user>[^<>]+)\\)<\\d+>: (?:Disconnected|Logged out).*$',
  '^(?:ab)*ac$',
  '^(?:a*b|a*c)$',
])('%s can be read in one way only', (regex) => {
  expect(isOneWay(parseRegex(regex))).toBe(true);
});

test.each([
  ['^(?:a+)+$', 'a repeat of a repeat'],
  ['^(?:a?)*$', 'a repeat of what can be empty'],
  ['^(?:a*|b*)c$', 'two options that can be empty'],
  ['^(?:a|aa)+$', 'what is once and again the same text'],
  ['^(?:a|a)b$', 'an option twice'],
  ['^.*,.*$', 'a repeat that takes what ends it'],
  ['^(?P<user>.*.*x)$', 'two repeats of the same'],
  ['^a+b?a+$', 'what can be left out between two repeats of the same'],
  ['^a+(?:b|)a+$', 'a choice of nothing between two repeats of the same'],
  ['^(?P<user>[bc]+)(?P<key>c)?$', 'a line that can end in two ways'],
  ['^(?:a|b)*a(?:a|b)*$', 'a character whose part is never known'],
])('%s cannot: %s', (regex) => {
  expect(isOneWay(parseRegex(regex))).toBe(false);
});

test('a regex whose two ways run side by side for thousands of characters is looked through to its end', () => {
  const [some, others] = ['a'.repeat(89), 'a'.repeat(97)];
  expect(isOneWay(parseRegex(`^(?:(?:${some})*b|(?:${others})*c)$`))).toBe(true);
  expect(isOneWay(parseRegex(`^(?:(?:${some})*b|(?:${others})*b)$`))).toBe(false);
});

/** How often an engine that goes back looks at a character of `text`, to try all ways of `regex`. */
function steps(regex: Node, text: string): number {
  let count = 0;
  type Then = (at: number) => boolean;
  const take = (chars: ReadonlySet<number>, at: number, then: Then): boolean => {
    count++;
    return chars.has(text.charCodeAt(at)) && then(at + 1);
  };
  const sequence = ([part, ...rest]: readonly Node[], at: number, then: Then): boolean =>
    part === undefined ? then(at) : match(part, at, (next) => sequence(rest, next, then));
  const repeat = (node: Node & { kind: 'repeat' }, times: number, at: number, then: Then): boolean =>
    (times < node.max &&
      match(node.body, at, (next) => (next > at || times < node.min) && repeat(node, times + 1, next, then))) ||
    (times >= node.min && then(at));
  const match = (node: Node, at: number, then: Then): boolean => {
    if (node.kind === 'literal') return take(new Set([node.char.charCodeAt(0)]), at, then);
    if (node.kind === 'set') return take(node.chars, at, then);
    if (node.kind === 'sequence') return sequence(node.parts, at, then);
    if (node.kind === 'choice') return node.options.some((option) => match(option, at, then));
    if (node.kind === 'group') return match(node.body, at, then);
    if (node.kind === 'repeat') return repeat(node, 0, at, then);
    return node.char === '^' ? at === 0 && then(at) : at === text.length && then(at);
  };
  match(regex, 0, () => false);
  return count;
}

/** Of the same text again and again, and something at its end that no regex here takes. */
const hostile = fc.array(fc.constantFrom('a', 'b', 'ab', 'aab', ','), { minLength: 1, maxLength: 4 });

test('an engine that goes back needs no more than so many steps for each character of a line', () => {
  fc.assert(
    fc.property(regexes, hostile, (source, pieces) => {
      const regex = parseRegex(source);
      fc.pre(isOneWay(regex));
      const text = `${pieces.join('').repeat(60).slice(0, 60)}!`;
      expect(steps(regex, text)).toBeLessThan((text.length + 1) * source.length ** 2);
    }),
    { numRuns: 200 },
  );
});
