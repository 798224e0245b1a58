import { mkdirSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { Environment, type Key, type Table } from '../../src/store/lmdb.ts';
import { Records } from '../../src/store/records.ts';
import { Place } from './fixture.ts';

let place: Place;
let environment: Environment;
let table: Table;
let records: Records;

beforeEach(() => {
  place = new Place();
  mkdirSync(place.dir);
  environment = new Environment(place.dir);
  table = environment.table('t');
  records = new Records(table);
});
afterEach(async () => {
  await environment.close();
  await place.remove();
});

test('gives back the value that was put', () => {
  environment.write(() => records.put(['192.0.2.7', 'alice'], ['alice', 1, null]));
  expect(environment.read(() => records.get(['192.0.2.7', 'alice']))).toEqual(['alice', 1, null]);
});

test.each([5459, 5460, 5461, 16_380, 100_000])(
  'gives back a text of %s characters, whatever bytes each takes',
  (length) => {
    for (const [index, character] of ['a', 'ü', '€'].entries()) {
      const text = character.repeat(length);
      environment.write(() => records.put([index], [text]));
      const [value, entries] = environment.read(() => [records.get([index]), [...records.entries([index])]] as const);
      expect(value).toEqual([text]);
      expect(entries).toEqual([[[index], [text]]]);
    }
  },
);

test('takes a record with any changed byte for none', () => {
  const raw = environment.write(() => {
    records.put(['192.0.2.7', 'alice'], ['alice', 1795522000380, 1800000]);
    return bytesOf(['192.0.2.7', 'alice']);
  });
  for (let at = 0; at < raw.length; at++) {
    const changed = Buffer.from(raw);
    changed[at] = (changed[at] ?? 0) ^ 1;
    environment.write(() => table.put(['192.0.2.7', 'alice'], changed));
    expect(environment.read(() => records.get(['192.0.2.7', 'alice']))).toBeUndefined();
    expect(environment.read(() => [...records.entries()])).toEqual([[['192.0.2.7', 'alice'], undefined]]);
  }
});

test('takes a record under another key for none: a changed address permits nobody', () => {
  environment.write(() => {
    records.put(['192.0.2.7', 'alice'], [1]);
    table.put(['192.0.2.6', 'alice'], bytesOf(['192.0.2.7', 'alice']));
  });
  expect(environment.read(() => records.get(['192.0.2.6', 'alice']))).toBeUndefined();
});

test('takes an empty or foreign record for none', () => {
  for (const raw of ['', '{}', '00000000', 'not a record at all']) {
    environment.write(() => table.put(['k'], Buffer.from(raw)));
    expect(environment.read(() => records.get(['k']))).toBeUndefined();
  }
});

/** A copy of what the table has. */
function bytesOf(key: Key): Buffer {
  const value = table.get(key);
  if (value === undefined) throw new Error('not written');
  return Buffer.from(value.toString('latin1'), 'latin1');
}
