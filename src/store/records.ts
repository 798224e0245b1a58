/** A table of JSON values, each sealed: what does not fit its seal reads as undefined, like nothing at all. */
import type { Key, Table, Value } from './lmdb.ts';
import { sealed, unsealed } from './seal.ts';

export class Records {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  get(key: Key): unknown {
    const record = this.#table.get(key);
    return record && valueOf(key, record);
  }

  put(key: Key, value: unknown): void {
    this.#table.put(key, sealed(key, JSON.stringify(value)));
  }

  remove(key: Key): void {
    this.#table.remove(key);
  }

  keys(prefix?: Key): Iterable<Key> {
    return this.#table.keys(prefix);
  }

  lastKey(prefix: Key): Key | undefined {
    return this.#table.lastKey(prefix);
  }

  /** Every record whose key begins with `prefix`, in order; the value of a damaged one is undefined. */
  *entries(prefix?: Key): Iterable<readonly [Key, unknown]> {
    for (const [key, record] of this.#table.entries(prefix)) yield [key, valueOf(key, record)];
  }

  /** The same, the last key first. */
  *reversed(prefix: Key): Iterable<readonly [Key, unknown]> {
    for (const [key, record] of this.#table.reversed(prefix)) yield [key, valueOf(key, record)];
  }

  /** The same for every key from `start` on. */
  *entriesFrom(start: Key): Iterable<readonly [Key, unknown]> {
    for (const [key, record] of this.#table.entriesFrom(start)) yield [key, valueOf(key, record)];
  }
}

function valueOf(key: Key, record: Value): unknown {
  const json = unsealed(key, record);
  if (json === undefined) return undefined;
  const value: unknown = JSON.parse(json);
  return value;
}
