import { expect, test } from '@jest/globals';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { encodeCdb, lookupCdb, readCdb } from '../../src/map/cdb.ts';
import { changeCdb, writeCdb } from '../../src/map/cdb-writer.ts';
import { SENTINEL, type MapRow } from '../../src/map/render.ts';
import type { MapTarget } from '../../src/map/target.ts';
import { tempDir } from '../temp-dir.ts';

const LARGE = 20_000;

test.each([0, 100, LARGE])('the file of %i rows is that of the encoder, byte for byte', async (count) => {
  const file = path.join(tempDir(), 'map.cdb');
  await writeCdb(file, rowsOf(count));
  expect(readFileSync(file).equals(encodeCdb(rowsOf(count)))).toBe(true);
});

test('while a large map is written and changed, the process goes on with its work', async () => {
  const target = standing(LARGE);
  const file = `${target.file}.new`;
  let turns = 0;
  const ticking = setInterval(() => turns++, 1);
  await changeCdb(target, file, { put: [{ key: '203.0.113.7', value: 'OK' }], remove: ['10.0.0.7'] });
  clearInterval(ticking);
  expect(turns).toBeGreaterThan(0);
  const map = readFileSync(file);
  expect(lookupCdb(map, '203.0.113.7')).toBe('OK');
  expect(lookupCdb(map, '10.0.0.7')).toBeUndefined();
  expect(readCdb(map)).toHaveLength(LARGE + 1);
});

test.each([3, LARGE])('a map of %i rows that is cut short cannot be changed', async (count) => {
  const target = standing(count);
  writeFileSync(target.file, readFileSync(target.file).subarray(0, -20));
  const change = { put: [], remove: ['10.0.0.1'] };
  await expect(changeCdb(target, `${target.file}.new`, change)).rejects.toThrow('it is no whole cdb');
});

test('a large map that cannot be written is told', async () => {
  await expect(writeCdb(path.join(tempDir(), 'missing', 'map.cdb'), rowsOf(LARGE))).rejects.toThrow('ENOENT');
});

function standing(count: number): MapTarget {
  const name = path.join(tempDir(), 'map');
  const file = `${name}.cdb`;
  writeFileSync(file, encodeCdb([...rowsOf(count), SENTINEL]));
  return { form: 'postfix', type: 'cdb', builder: 'native', path: name, file };
}

function rowsOf(count: number): MapRow[] {
  return Array.from({ length: count }, (_, index) => {
    return { key: `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`, value: index === 7 ? 'REJECT a\tb' : 'OK' };
  });
}
