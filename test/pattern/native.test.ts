import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { RE2JS } from 're2js';
import { compileRegex } from '../../src/pattern/compile.ts';
import { canBeNative, nativeRegex } from '../../src/pattern/native.ts';
import { parseRegex } from '../../src/pattern/regex-syntax.ts';
import { regexes } from './regexes.ts';
import { loadShipped } from './shipped.ts';

/** What its named groups capture: undefined where one took no part. */
function re2Groups(source: string, text: string): Record<string, string | undefined> | undefined {
  const regex = RE2JS.compile(source);
  const matcher = regex.matcher(text);
  if (!matcher.find()) return undefined;
  const names = Object.keys(regex.namedGroups());
  return Object.fromEntries(names.map((name) => [name, matcher.group(name) ?? undefined]));
}

function nativeGroups(source: string, text: string): Record<string, string | undefined> | undefined {
  const found = nativeRegex(source).exec(text);
  return found === null ? undefined : { ...found.groups };
}

const texts = fc.stringMatching(/^[ab,x \t\n\r\u00a0\u00e9\u2028\u{1f600}]{0,12}$/u);

test('V8 finds in every text what re2js finds, where a regex may go to it', () => {
  fc.assert(
    fc.property(regexes, texts, (source, text) => {
      fc.pre(canBeNative(source, parseRegex(source)));
      expect(nativeGroups(source, text)).toEqual(re2Groups(source, text));
    }),
    { numRuns: 500 },
  );
});

const shipped = loadShipped().flatMap(({ name, rules, failures }) =>
  [...rules, ...failures].map(({ regex }, index) => ({ name: `regex ${index + 1} of ${name}`, regex })),
);

test.each(shipped.filter(({ regex }) => regex.isNative))(
  'V8 finds what re2js finds in what matches $name, and in what nearly does',
  ({ regex: { source } }) => {
    const matching = fc.stringMatching(new RegExp(source.replaceAll('(?P<', '(?<')));
    const others = fc.constantFrom('', '<', '>', ', ', ' ', ']', 'é', '\n');
    fc.assert(
      fc.property(matching, fc.nat(), others, (text, place, other) => {
        const at = place % (text.length + 1);
        for (const each of [text, text.slice(0, at) + other + text.slice(at), text.slice(0, at)])
          expect(nativeGroups(source, each)).toEqual(re2Groups(source, each));
      }),
      { numRuns: 20 },
    );
  },
);

test('of the shipped patterns’ logins and logouts nine of ten go to V8', () => {
  const read = loadShipped().flatMap(({ rules }) => rules);
  expect(read.filter(({ regex }) => regex.isNative).length).toBeGreaterThanOrEqual(read.length * 0.9);
});

test.each(['^é(?P<user>x)$', '^(?P<user>[^é]+)$'])(
  '%s stays with re2js, since its parser knows ASCII alone',
  (regex) => {
    expect(compileRegex(regex).isNative).toBe(false);
    expect(compileRegex(regex).match(regex.includes('[') ? 'ö' : 'éx')).toEqual({
      user: regex.includes('[') ? 'ö' : 'x',
    });
  },
);

test('a lazy repeat gives its last character to an optional part, as re2js says', () => {
  expect(compileRegex('^(?P<user>[bc]+?)(?P<key>c)?$').match('cc')).toEqual({ user: 'c', key: 'c' });
});

test('what took no part in a match is undefined, and a match without groups is one', () => {
  expect(compileRegex('^a(?P<user>b)?$').match('a')?.['user']).toBeUndefined();
  expect(compileRegex('^ab$').match('ab')).toEqual({});
  expect(compileRegex('^ab$').match('ac')).toBeUndefined();
});
