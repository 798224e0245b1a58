/**
 * Changes rows in a Berkeley DB hash file, version 9 (libdb 4.2 to 5.3), as makemap and postmap make them: a few pages,
 * where running the tool takes some ten milliseconds. It is used on a copy that nobody has open.
 *
 *     page 0    12 magic; 16 version; 20 page size; 25 type 8; 26 flags, 1 is checksums; 32 last page; 48 flags;
 *               72 last bucket; 76, 80 high and low mask; 88 items; 92 hash of CHARKEY; 96 spares, 32 x 4
 *     any page  8 its number; 12, 16 previous and next of its bucket; 20 items, 2; 22 begin of the items, 2; 25 type;
 *               26 offsets of the items, 2 each, key and value in turn; the items fill the page from its end
 *     item      1 (a short one), bytes
 *
 * Numbers are little endian. A bucket is a chain of pages, of type 13 (keys in the order of {@link isBefore}) or 2 (in none);
 * the first is the bucket's number + spares[log2(number + 1), rounded up]. Where no page of a bucket has room, it gets
 * another one at the end of the file.
 *
 * Limits: {@link HashFile.open} takes no other file: of another version or byte order, with checksums, encryption or
 * duplicates; a page with a long key, which has pages of its own, gets no other. Buckets are never split, so a file that only grows this way gets slower: it is built anew now and then.
 */
import { closeSync, openSync, readSync, writeSync } from 'node:fs';

export class HashFile {
  readonly #fd: number;
  readonly #meta: Buffer;
  readonly #pageBytes: number;

  private constructor(fd: number, meta: Buffer) {
    this.#fd = fd;
    this.#meta = meta;
    this.#pageBytes = meta.readUInt32LE(20);
  }

  /** Opens `file` for changes; undefined where it is none of its kind. */
  static open(file: string): HashFile | undefined {
    const fd = openSync(file, 'r+');
    const head = readUpTo(fd, 0, MAX_PAGE_BYTES);
    const meta = head.subarray(0, pageBytesOf(head));
    if (meta.length > 0) return new HashFile(fd, meta);
    closeSync(fd);
    return undefined;
  }

  close(): void {
    closeSync(this.#fd);
  }

  /** The value of `key`, undefined where it has none. */
  get(key: Buffer): Buffer | undefined {
    for (const page of this.#chain(key)) {
      const index = page.find(key);
      if (index !== undefined) return page.item(index + 1);
    }
    return undefined;
  }

  put(key: Buffer, value: Buffer): void {
    this.remove(key);
    const needed = Page.bytesFor(key, value);
    let last: Page | undefined;
    for (const page of this.#chain(key)) {
      last = page;
      if (page.free >= needed) break;
    }
    if (last === undefined) throw new RangeError('a bucket without a page');
    const page = last.free >= needed ? last : this.#append(last);
    page.insert(key, value);
    this.#write(page);
    this.#count(1);
  }

  remove(key: Buffer): void {
    for (const page of this.#chain(key)) {
      const index = page.find(key);
      if (index === undefined) continue;
      page.remove(index);
      this.#write(page);
      this.#count(-1);
      return;
    }
  }

  *#chain(key: Buffer): Iterable<Page> {
    let seen = 0;
    for (let number = this.#firstPage(key); number !== 0;) {
      if (number > this.#lastPage || seen++ > this.#lastPage) throw new RangeError(`no page ${number} for a bucket`);
      const page = new Page(readAt(this.#fd, number * this.#pageBytes, this.#pageBytes));
      if (page.number !== number || !page.isOfHash) throw new RangeError(`page ${number} is none of a bucket`);
      yield page;
      number = page.next;
    }
  }

  #firstPage(key: Buffer): number {
    const hash = hashOf(key);
    const within = (hash & this.#meta.readUInt32LE(76)) >>> 0;
    const bucket = within > this.#meta.readUInt32LE(72) ? (within & this.#meta.readUInt32LE(80)) >>> 0 : within;
    return bucket + this.#meta.readUInt32LE(96 + 4 * Math.ceil(Math.log2(bucket + 1)));
  }

  get #lastPage(): number {
    return this.#meta.readUInt32LE(32);
  }

  #append(last: Page): Page {
    const number = this.#lastPage + 1;
    this.#meta.writeUInt32LE(number, 32);
    last.next = number;
    this.#write(last);
    return last.successor(number);
  }

  #count(difference: number): void {
    this.#meta.writeUInt32LE(Math.max(0, this.#meta.readUInt32LE(88) + difference), 88);
    this.#write(new Page(this.#meta));
  }

  #write(page: Page): void {
    writeSync(this.#fd, page.bytes, 0, this.#pageBytes, page.number * this.#pageBytes);
  }
}

const MAX_PAGE_BYTES = 32_768; // of 65,536 an offset could not tell its end
const MAGIC = 0x061561;
const CHARKEY = Buffer.from('%$sniglet^&\0'); // its hash in the file tells which function made it

/** 0 where a file that begins so is not of our kind. */
function pageBytesOf(head: Buffer): number {
  const pageBytes = [512, 1024, 2048, 4096, 8192, 16_384, MAX_PAGE_BYTES].find(
    (bytes) => bytes <= head.length && head.readUInt32LE(20) === bytes,
  );
  return pageBytes !== undefined && isOurKind(head) ? pageBytes : 0;
}

function isOurKind(head: Buffer): boolean {
  return (
    head.readUInt32LE(12) === MAGIC &&
    head.readUInt32LE(16) === 9 &&
    head.readUInt16LE(24) === 0x0800 && // not encrypted, and the type
    head[26] === 0 &&
    head.readUInt32LE(48) === 0 &&
    head.readUInt32LE(92) === hashOf(CHARKEY)
  );
}

/** FNV-1, 32 bits, from 0. */
function hashOf(key: Buffer): number {
  let hash = 0;
  for (const byte of key) hash = (Math.imul(hash, 16_777_619) ^ byte) >>> 0;
  return hash;
}

function readAt(fd: number, position: number, length: number): Buffer {
  const bytes = readUpTo(fd, position, length);
  if (bytes.length < length) throw new RangeError('a page is missing');
  return bytes;
}

function readUpTo(fd: number, position: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  return bytes.subarray(0, readSync(fd, bytes, 0, length, position));
}

/** The order of keys in a sorted page: of two that begin alike the longer one is first. */
function isBefore(one: Buffer, other: Buffer): boolean {
  const bytes = Math.min(one.length, other.length);
  const order = one.compare(other, 0, bytes, 0, bytes);
  return order < 0 || (order === 0 && one.length > other.length);
}

const HEADER_BYTES = 26;
const SORTED = 13;
const UNSORTED = 2;
const SHORT = 1;

class Page {
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
