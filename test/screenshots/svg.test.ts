import { expect, test } from '@jest/globals';
import { cellsAfter, textOf } from '../terminal-screen.ts';
import { toSvg } from './svg.ts';

test('a screen keeps what stands there, where it stands, in its colours', () => {
  const cells = cellsAfter(
    '\u001b[?1049hlost\r\n\u001b[H\u001b[1mHEAD\u001b[0m  \u001b[32mgood\u001b[0m\u001b[K\r\n<x> & y\u001b[J',
  );
  expect(textOf(cells)).toEqual(['HEAD  good', '<x> & y']);
  const svg = toSvg({ title: 'relaypass watch', columns: 80, cells });
  const texts = [...svg.matchAll(/<text x="([\d.]+)" y="(\d+)"[^>]* (fill="#\w+")[^>]*>([^<]*)</g)].map((found) =>
    found.slice(1),
  );
  expect(texts).toEqual([
    ['12', '20', 'fill="#8b949e"', '$ relaypass watch'],
    ['12.0', '44', 'fill="#fff"', 'HEAD'],
    ['62.4', '44', 'fill="#7ee787"', 'good'],
    ['12.0', '62', 'fill="#d0d7de"', '&lt;x&gt; &amp; y'],
  ]);
});
