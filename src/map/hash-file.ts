/**
 * Changes rows in a Berkeley DB hash file, version 9 (libdb 4.2 to 5.3), as makemap and postmap make them: a few pages,
 * where running the tool takes some ten milliseconds. It is used on a copy that nobody has open.
 *
 *     page 0    12 magic; 16 version; 20 page size; 25 type 8; 26 flags, 1 is checksums; 32 last page; 48 flags;
 *               72 last bucket; 76, 80 high and low mask; 88 items; 92 hash of CHARKEY; 96 spares, 32 x 4
 *     others    hash-page.ts
 *
 * Numbers are little endian. A bucket is a chain of pages; the first is the bucket's number + spares[log2(number + 1),
 * rounded up]. Where no page of a bucket has room, it gets another one at the end of the file.
 *
 * Limits: {@link HashFile.open} takes no other file: of another version or byte order, with checksums, encryption or
 * duplicates; a page with a long key, which has pages of its own, gets no other. Buckets are never split, so a file that
 * only grows this way gets slower: it is built anew now and then.
 */
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { Page } from './hash-page.ts';

/** An open hash file. */
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
