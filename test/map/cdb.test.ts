import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { encodeCdb, lookupCdb } from '../../src/map/cdb.ts';
import type { MapRow } from '../../src/map/render.ts';

const rows = fc.uniqueArray(
  fc.record({ key: fc.string({ minLength: 1, maxLength: 40 }), value: fc.string({ maxLength: 20 }) }),
  { selector: ({ key }) => key, maxLength: 300 },
);

test('writes the bytes that postmap of Postfix 3.7 writes for the same rows', () => {
  const file = encodeCdb([
    { key: '198.51.100.7', value: 'OK' },
    { key: '2001:db8::7', value: 'OK' },
  ]);
  expect(file.length).toBe(2123);
  expect(file.subarray(2048).toString('hex')).toBe(FROM_POSTMAP);
});

const FROM_POSTMAP =
  '0c000000020000003139382e35312e3130302e374f4b0b00000002000000323030313a6462383a3a374f4b' +
  '0000000000000000598335a2000800000000000000000000f565d8d916080000';

test('writes an empty map of 2048 bytes, in which nothing is found', () => {
  const file = encodeCdb([]);
  expect(file.length).toBe(2048);
  expect(lookupCdb(file, '198.51.100.7')).toBeUndefined();
});

test('finds each key and no other', () => {
  fc.assert(
    fc.property(rows, fc.string(), (written, other) => {
      const file = encodeCdb(written);
      for (const { key, value } of written) expect(lookupCdb(file, key)).toBe(value);
      if (!written.some(({ key }) => key === other)) expect(lookupCdb(file, other)).toBeUndefined();
    }),
  );
});

test('finds nothing wrong in a file that is cut short or damaged', () => {
  const damage = fc.oneof(
    fc.record({ cutTo: fc.nat(4000) }),
    fc.record({ at: fc.nat(4000), byte: fc.integer({ min: 0, max: 255 }) }),
  );
  fc.assert(
    fc.property(rows, damage, (written, what) => {
      const file = damaged(encodeCdb(written), what);
      for (const { key } of written) expect(() => lookupCdb(file, key)).not.toThrow();
    }),
  );
});

function damaged(file: Buffer, what: { cutTo: number } | { at: number; byte: number }): Buffer {
  if ('cutTo' in what) return file.subarray(0, what.cutTo);
  if (what.at < file.length) file[what.at] = what.byte;
  return file;
}

test('keeps every one of 100,000 rows', () => {
  const many = Array.from({ length: 100_000 }, (_, index): MapRow => {
    return { key: `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`, value: 'OK' };
  });
  const file = encodeCdb(many);
  expect(file.length).toBe(3_702_718); // what postmap makes of the same
  expect(many.every(({ key }) => lookupCdb(file, key) === 'OK')).toBe(true);
  expect(lookupCdb(file, '10.9.0.0')).toBeUndefined();
});
