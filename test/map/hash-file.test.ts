import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { HashFile } from '../../src/map/hash-file.ts';
import { EMPTY_MAP } from './empty-map.ts';

const PAGE_BYTES = 4096;

let file: string;

beforeEach(() => {
  file = path.join(mkdtempSync(path.join(tmpdir(), 'relaypass-hash-')), 'map.db');
  writeFileSync(file, EMPTY_MAP);
});

afterEach(() => {
  rmSync(path.dirname(file), { recursive: true });
});

test('reads, puts, replaces and removes rows', () => {
  expect(get('relaypass:probe')).toBe('DUNNO');
  expect(get('198.51.100.7')).toBeUndefined();
  put('198.51.100.7', 'RELAY');
  expect(get('198.51.100.7')).toBe('RELAY');
  put('198.51.100.7', 'REJECT, and a longer one');
  expect(get('198.51.100.7')).toBe('REJECT, and a longer one');
  remove('198.51.100.7');
  expect(get('198.51.100.7')).toBeUndefined();
  remove('198.51.100.7');
  expect(get('relaypass:probe')).toBe('DUNNO');
});

test('keeps an address and the ones that begin like it apart', () => {
  const keys = ['198.51.100.1', '198.51.100.11', '198.51.100.111', '198.51.100', '198', ''];
  for (const key of keys) put(key, `value of ${key}`);
  remove('198.51.100.11');
  for (const key of keys) expect(get(key)).toBe(key === '198.51.100.11' ? undefined : `value of ${key}`);
});

const key = fc.oneof(
  fc.tuple(fc.integer({ min: 10, max: 12 }), fc.nat(40), fc.nat(40)).map(([a, b, c]) => `198.${a}.${b}.${c}`),
  fc.nat(0xffff).map((group) => `ipv6:2001:db8:0:0:0:0:${group.toString(16)}:7`),
);
const operation = fc.record({ key, value: fc.option(fc.string({ maxLength: 30, unit: 'binary-ascii' })) });

test('holds what a plain table holds after any changes, in the order that libdb searches by', () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 1200, size: 'max' }), (operations) => {
      writeFileSync(file, EMPTY_MAP);
      const table = new Map([['relaypass:probe', 'DUNNO']]);
      change((hash) => {
        for (const { key: text, value } of operations) {
          if (value === null) hash.remove(Buffer.from(text));
          else hash.put(Buffer.from(text), Buffer.from(value));
          if (value === null) table.delete(text);
          else table.set(text, value);
        }
        for (const { key: text } of operations) expect(hash.get(Buffer.from(text))?.toString()).toBe(table.get(text));
      });
      const pages = pagesOf(readFileSync(file));
      expect(new Map(pages.flat())).toEqual(table);
      for (const rows of pages) expect(rows).toEqual(rows.toSorted(([one], [other]) => orderOf(one, other)));
    }),
    { numRuns: 25 },
  );
});

/** Of two keys that begin alike the longer one is first. */
function orderOf(one: string, other: string): number {
  if (one.startsWith(other) || other.startsWith(one)) return other.length - one.length;
  return one < other ? -1 : 1;
}

/** The rows of each page, read in another way than by the code under test. */
function pagesOf(bytes: Buffer): [string, string][][] {
  const pages: [string, string][][] = [];
  for (let at = PAGE_BYTES; at < bytes.length; at += PAGE_BYTES) {
    const page = bytes.subarray(at, at + PAGE_BYTES);
    const offsets = Array.from({ length: page.readUInt16LE(20) }, (_, index) => page.readUInt16LE(26 + 2 * index));
    const items = offsets.map((offset, index) => page.toString('latin1', offset + 1, offsets[index - 1] ?? PAGE_BYTES));
    expect(Math.min(PAGE_BYTES, ...offsets)).toBe(page.readUInt16LE(22));
    pages.push(items.flatMap((item, index) => (index % 2 === 0 ? [[item, items[index + 1] ?? '']] : [])));
  }
  return pages;
}

test.each<[string, (bytes: Buffer) => unknown]>([
  ['of another version', (bytes) => bytes.writeUInt32LE(8, 16)],
  ['of the other byte order', (bytes) => bytes.swap32()],
  ['that is a btree', (bytes) => bytes.writeUInt32LE(0x053162, 12)],
  ['with checksums', (bytes) => bytes.writeUInt8(1, 26)],
  ['with duplicates', (bytes) => bytes.writeUInt32LE(1, 48)],
  ['with another hash function', (bytes) => bytes.writeUInt32LE(1, 92)],
  ['with pages of an odd size', (bytes) => bytes.writeUInt32LE(1000, 20)],
])('takes no file %s', (_what, damage) => {
  const bytes = Buffer.from(EMPTY_MAP);
  damage(bytes);
  writeFileSync(file, bytes);
  expect(HashFile.open(file)).toBeUndefined();
});

test('takes no file that ends within its first page', () => {
  for (const bytes of [20, 30, 224, PAGE_BYTES - 1]) {
    writeFileSync(file, EMPTY_MAP.subarray(0, bytes));
    expect(HashFile.open(file)).toBeUndefined();
  }
});

test('takes no empty file and no text', () => {
  for (const text of ['', 'Connect:198.51.100.7\tRELAY\n'.repeat(50)]) {
    writeFileSync(file, text);
    expect(HashFile.open(file)).toBeUndefined();
  }
});

test('gives up on a bucket that it cannot follow', () => {
  writeFileSync(file, EMPTY_MAP.subarray(0, PAGE_BYTES));
  expect(() => put('198.51.100.7', 'RELAY')).toThrow(RangeError);
  const looped = Buffer.from(EMPTY_MAP);
  for (const page of [1, 2]) looped.writeUInt32LE(page, page * PAGE_BYTES + 16);
  writeFileSync(file, looped);
  expect(() => get('198.51.100.7')).toThrow(RangeError);
});

function change<T>(work: (hash: HashFile) => T): T {
  const hash = HashFile.open(file);
  if (hash === undefined) throw new Error('not taken');
  try {
    return work(hash);
  } finally {
    hash.close();
  }
}

function get(text: string): string | undefined {
  return change((hash) => hash.get(Buffer.from(text))?.toString());
}

function put(text: string, value: string): void {
  change((hash) => hash.put(Buffer.from(text), Buffer.from(value)));
}

function remove(text: string): void {
  change((hash) => hash.remove(Buffer.from(text)));
}
