/**
 * A page of rows in a Berkeley DB hash file, in memory; hash-file.ts tells what such a file is.
 *
 *     8 its number; 12, 16 previous and next of its bucket; 20 items, 2; 22 begin of the items, 2; 25 type;
 *     26 offsets of the items, 2 each, key and value in turn; the items fill the page from its end
 *     item: 1 (a short one), bytes
 *
 * Of type 13 (keys in the order of {@link isBefore}) or 2 (in none).
 */

const HEADER_BYTES = 26;
const SORTED = 13;
const UNSORTED = 2;
const SHORT = 1;

/** Rows are pairs of items, at an even index and the next. */
export class Page {
  readonly bytes: Buffer;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  /** What a row takes: both items with their types, and their offsets. */
  static bytesFor(key: Buffer, value: Buffer): number {
    return key.length + value.length + 2 + 4;
  }

  get number(): number {
    return this.bytes.readUInt32LE(8);
  }

  get isOfHash(): boolean {
    return this.bytes[25] === SORTED || this.bytes[25] === UNSORTED;
  }

  get next(): number {
    return this.bytes.readUInt32LE(16);
  }

  set next(number: number) {
    this.bytes.writeUInt32LE(number, 16);
  }

  get free(): number {
    return this.#begin - HEADER_BYTES - 2 * this.#count;
  }

  /** The empty page that comes after this one. */
  successor(number: number): Page {
    const bytes = Buffer.alloc(this.bytes.length);
    bytes.writeUInt32LE(number, 8);
    bytes.writeUInt32LE(this.number, 12);
    bytes.writeUInt16LE(bytes.length, 22);
    bytes.writeUInt8(this.bytes.readUInt8(25), 25);
    return new Page(bytes);
  }

  /** The index of `key`; its value is the next one. */
  find(key: Buffer): number | undefined {
    for (let index = 0; index < this.#count; index += 2) if (this.item(index)?.equals(key) === true) return index;
    return undefined;
  }

  /** The bytes of a short item. */
  item(index: number): Buffer | undefined {
    const at = this.#offset(index);
    return this.bytes[at] === SHORT ? this.bytes.subarray(at + 1, this.#end(index)) : undefined;
  }

  insert(key: Buffer, value: Buffer): void {
    const index = this.#placeOf(key);
    const bytes = key.length + value.length + 2;
    const end = this.#end(index);
    const begin = this.#begin;
    this.bytes.copyWithin(begin - bytes, begin, end);
    for (let moved = this.#count - 1; moved >= index; moved--) this.#setOffset(moved + 2, this.#offset(moved) - bytes);
    this.#put(index, end, key);
    this.#put(index + 1, end - key.length - 1, value);
    this.#setHead(this.#count + 2, begin - bytes);
  }

  remove(index: number): void {
    const [begin, from, end] = [this.#begin, this.#offset(index + 1), this.#end(index)];
    this.bytes.copyWithin(begin + end - from, begin, from);
    for (let moved = index + 2; moved < this.#count; moved++)
      this.#setOffset(moved - 2, this.#offset(moved) + end - from);
    this.#setHead(this.#count - 2, begin + end - from);
  }

  #put(index: number, end: number, bytes: Buffer): void {
    const at = end - bytes.length - 1;
    this.bytes[at] = SHORT;
    bytes.copy(this.bytes, at + 1);
    this.#setOffset(index, at);
  }

  /** Where `key` belongs in the order of a sorted page, else the end. */
  #placeOf(key: Buffer): number {
    if (this.bytes[25] === UNSORTED) return this.#count;
    let place = 0;
    for (let index = 0; index < this.#count; index += 2) {
      const other = this.item(index);
      if (other === undefined) throw new RangeError(`page ${this.number} has a key of another kind`);
      if (isBefore(other, key)) place = index + 2;
    }
    return place;
  }

  get #count(): number {
    return this.bytes.readUInt16LE(20);
  }

  get #begin(): number {
    return this.bytes.readUInt16LE(22);
  }

  #setHead(count: number, begin: number): void {
    this.bytes.writeUInt16LE(count, 20);
    this.bytes.writeUInt16LE(begin, 22);
  }

  #offset(index: number): number {
    return this.bytes.readUInt16LE(HEADER_BYTES + 2 * index);
  }

  #setOffset(index: number, offset: number): void {
    this.bytes.writeUInt16LE(offset, HEADER_BYTES + 2 * index);
  }

  /** Where the item of `index` ends, and what comes before begins. */
  #end(index: number): number {
    return index === 0 ? this.bytes.length : this.#offset(index - 1);
  }
}

/** The order of keys in a sorted page: of two that begin alike the longer one is first. */
function isBefore(one: Buffer, other: Buffer): boolean {
  const bytes = Math.min(one.length, other.length);
  const order = one.compare(other, 0, bytes, 0, bytes);
  return order < 0 || (order === 0 && one.length > other.length);
}
