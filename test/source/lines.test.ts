import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { takeLines } from '../../src/source/lines.ts';

const CAP = 8;
const NUL = '\0';

/** What is left of `text` when it comes in the given pieces. */
function inPieces(text: string, cuts: readonly number[]): { lines: string[]; tooLong: number } {
  const taken = { lines: [] as string[], tooLong: 0 };
  let skipping = false;
  let waiting = Buffer.alloc(0);
  let at = 0;
  for (const end of [...cuts.map((cut) => cut % (text.length + 1)).toSorted((a, b) => a - b), text.length]) {
    waiting = Buffer.concat([waiting, Buffer.from(text.slice(at, end), 'latin1')]);
    at = end;
    const result = takeLines(waiting, skipping, CAP);
    taken.lines.push(...result.bytes.toString('latin1').split('\n').slice(0, -1));
    taken.tooLong += result.tooLong;
    waiting = waiting.subarray(result.consumed);
    skipping = result.skipping;
  }
  return taken;
}

test('gives the same lines in whatever pieces they come, none of them cut', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', NUL, '\n', 'cccc'), maxLength: 60 });
  const property = fc.property(text, fc.array(fc.nat(60), { maxLength: 6 }), (whole, cuts) => {
    const lines = whole.split('\n').map((line) => line.replace(/^\0+/, ''));
    const unfinished = lines.pop() ?? '';
    const tooLong = [...lines, unfinished].filter(({ length }) => length >= CAP).length;
    expect(inPieces(whole, cuts)).toEqual({ lines: lines.filter(({ length }) => length < CAP), tooLong });
  });
  fc.assert(property, { numRuns: 5000 });
});
