import { crc32 } from 'node:zlib';
import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { crcOf } from '../../src/store/crc.ts';

const text = fc.oneof(fc.string({ maxLength: 80 }), fc.string({ unit: 'binary', maxLength: 80 }));

test("gives zlib's CRC, of texts of any length and script, in one or in parts", () => {
  fc.assert(
    fc.property(text, text, (before, behind) => {
      expect(crcOf(before)).toBe(crc32(before));
      expect(crcOf(behind, crcOf(before))).toBe(crc32(before + behind));
    }),
  );
});
