import { expect, test } from '@jest/globals';
import { compileRegex, type CompiledRegex } from '../../src/pattern/compile.ts';
import { LINE_CAP_BYTES } from '../../src/source/source.ts';
import { loadShipped } from './shipped.ts';

const LIMIT_MS = 50;

/** Runs of one piece, up to the line's cap, after the text that the regex needs. */
function hostileLines({ literal }: CompiledRegex): string[] {
  const pieces = [
    'a',
    ' ',
    ',',
    '<',
    '>',
    '[',
    ']',
    '(',
    '"',
    ':',
    '1',
    '.',
    ', rip=1.1.1.1',
    'user=<a>, ',
    '> <',
    literal,
  ];
  return pieces
    .filter((piece) => piece !== '')
    .flatMap((piece) => [
      `${literal}${piece.repeat(LINE_CAP_BYTES)}`.slice(0, LINE_CAP_BYTES),
      `${`${literal}${piece.repeat(LINE_CAP_BYTES)}`.slice(0, LINE_CAP_BYTES - 1)}!`,
      `${piece.repeat(LINE_CAP_BYTES).slice(0, LINE_CAP_BYTES - literal.length)}${literal}`,
    ]);
}

/** Of this process's own time, the best of a few tries: others use the machine too. */
function bestMs(run: () => void): number {
  return Math.min(
    ...[1, 2, 3, 4].map(() => {
      const start = process.cpuUsage();
      run();
      const { user, system } = process.cpuUsage(start);
      return (user + system) / 1000;
    }),
  );
}

const shipped = loadShipped().flatMap(({ name, rules }) =>
  rules.map(({ regex }, index): [string, CompiledRegex] => [`regex ${index + 1} of ${name}`, regex]),
);

/** What hangs a backtracking engine, where our own rules let it in. */
const HOSTILE = [
  String.raw`^(?:(?:a+)+)+ (?P<user>x)$`,
  String.raw`^(?:a|aa)+(?P<user>x)$`,
  String.raw`^(?P<user>(?:\w+\s?)*)$`,
  String.raw`^(?P<user>.*.*.*.*.*.*x)$`,
  String.raw`^(?P<user>(?:[a-z0-9]+[., ]?)+)!!$`,
  String.raw`^(?:.*,){12}(?P<user>x)$`,
].map((source): [string, CompiledRegex] => [source, compileRegex(source)]);

test.each([...shipped, ...HOSTILE])('%s takes under 50 ms for a hostile line of 8 KiB', (_, regex) => {
  for (const line of hostileLines(regex)) expect(bestMs(() => void regex.match(line))).toBeLessThan(LIMIT_MS);
});
