/**
 * Constant databases as Postfix's `cdb:` maps and tinycdb have them, written and read without either. The same rows
 * in the same order give the bytes that postmap writes.
 *
 *     256 x { position, slots }            the hash tables' directory, 2048 bytes
 *     { key length, value length, key, value } ...
 *     256 x { hash, position } ...         slots = twice the records, open addressing from (hash >> 8) % slots
 *
 * All numbers are 32 bits, little endian (https://cr.yp.to/cdb/cdb.txt), so a file ends below 4 GiB.
 *
 * Limits: keys and values are text without NUL; of a repeated key a reader finds the first.
 */
import type { MapRow } from './render.ts';

const TABLES = 256;
const PAIR_BYTES = 8; // two 32-bit numbers
const DIRECTORY_BYTES = TABLES * PAIR_BYTES;
const MAX_BYTES = 0xffff_ffff;

/**
 * The whole file for `rows`.
 * @throws RangeError where it would pass 4 GiB
 */
export function encodeCdb(rows: readonly MapRow[]): Buffer {
  const recordBytes = rows.reduce((sum, row) => sum + recordSize(row), 0);
  const size = DIRECTORY_BYTES + recordBytes + rows.length * 2 * PAIR_BYTES;
  if (size > MAX_BYTES) throw new RangeError(`a cdb file holds less than 4 GiB, and ${rows.length} rows are more`);
  const file = Buffer.alloc(size);
  const tables = writeRecords(file, rows);
  writeTables(file, tables, DIRECTORY_BYTES + recordBytes);
  return file;
}

/** The value of `key` as an MTA finds it, through the hash tables; undefined too where the file is no whole cdb. */
export function lookupCdb(file: Buffer, key: string): string | undefined {
  if (file.length < DIRECTORY_BYTES) return undefined;
  const hash = hashOf(Buffer.from(key));
  const entry = (hash % TABLES) * PAIR_BYTES;
  const [table, slots] = [file.readUInt32LE(entry), file.readUInt32LE(entry + 4)];
  if (table + slots * PAIR_BYTES > file.length) return undefined;
  for (let probe = 0; probe < slots; probe++) {
    const slot = table + (((hash >>> 8) + probe) % slots) * PAIR_BYTES;
    const position = file.readUInt32LE(slot + 4);
    if (position === 0) return undefined;
    const row = file.readUInt32LE(slot) === hash ? readRow(file, position) : undefined;
    if (row?.key === key) return row.value;
  }
  return undefined;
}

/** All rows of a cdb file in its order; undefined where it is no whole cdb. */
export function readCdb(file: Buffer): MapRow[] | undefined {
  const end = endOfRecords(file);
  if (end === undefined) return undefined;
  const rows: MapRow[] = [];
  for (let at = DIRECTORY_BYTES; at < end; at += PAIR_BYTES + file.readUInt32LE(at) + file.readUInt32LE(at + 4)) {
    const row = readRow(file, at);
    if (row === undefined) return undefined;
    rows.push(row);
  }
  return rows;
}

/** Where the hash tables begin, if they fill the file from there to its end as every writer lays them out. */
function endOfRecords(file: Buffer): number | undefined {
  if (file.length < DIRECTORY_BYTES) return undefined;
  const start = file.readUInt32LE(0);
  let end = start;
  for (let entry = 0; entry < DIRECTORY_BYTES; entry += PAIR_BYTES) {
    if (file.readUInt32LE(entry) !== end) return undefined;
    end += file.readUInt32LE(entry + 4) * PAIR_BYTES;
  }
  return start >= DIRECTORY_BYTES && end === file.length ? start : undefined;
}

interface Slot {
  readonly hash: number;
  readonly position: number;
}

function recordSize({ key, value }: MapRow): number {
  return PAIR_BYTES + Buffer.byteLength(key) + Buffer.byteLength(value);
}

function writeRecords(file: Buffer, rows: readonly MapRow[]): Slot[][] {
  const tables = Array.from({ length: TABLES }, (): Slot[] => []);
  let at = DIRECTORY_BYTES;
  for (const { key, value } of rows) {
    const keyAt = at + PAIR_BYTES;
    const keyBytes = file.write(key, keyAt);
    const valueBytes = file.write(value, keyAt + keyBytes);
    file.writeUInt32LE(keyBytes, at);
    file.writeUInt32LE(valueBytes, at + 4);
    const hash = hashOf(file.subarray(keyAt, keyAt + keyBytes));
    tables[hash % TABLES]?.push({ hash, position: at });
    at = keyAt + keyBytes + valueBytes;
  }
  return tables;
}

function writeTables(file: Buffer, tables: readonly Slot[][], start: number): void {
  let at = start;
  for (const [index, table] of tables.entries()) {
    const slots = table.length * 2;
    file.writeUInt32LE(at, index * PAIR_BYTES);
    file.writeUInt32LE(slots, index * PAIR_BYTES + 4);
    for (const slot of table) writeSlot(file, at, slots, slot);
    at += slots * PAIR_BYTES;
  }
}

function writeSlot(file: Buffer, table: number, slots: number, { hash, position }: Slot): void {
  let index = (hash >>> 8) % slots;
  while (file.readUInt32LE(table + index * PAIR_BYTES + 4) !== 0) index = (index + 1) % slots;
  file.writeUInt32LE(hash, table + index * PAIR_BYTES);
  file.writeUInt32LE(position, table + index * PAIR_BYTES + 4);
}

function readRow(file: Buffer, at: number): MapRow | undefined {
  if (at + PAIR_BYTES > file.length) return undefined;
  const keyEnd = at + PAIR_BYTES + file.readUInt32LE(at);
  const valueEnd = keyEnd + file.readUInt32LE(at + 4);
  if (valueEnd > file.length) return undefined;
  return { key: file.toString('utf8', at + PAIR_BYTES, keyEnd), value: file.toString('utf8', keyEnd, valueEnd) };
}

/** h = h * 33 xor byte, from 5381. */
function hashOf(key: Buffer): number {
  let hash = 5381;
  for (const byte of key) hash = ((Math.imul(hash, 33) >>> 0) ^ byte) >>> 0;
  return hash;
}
