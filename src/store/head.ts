/**
 * A look at the head of a store's data file, in a fraction of a millisecond: whether it is one, and holds all the pages
 * that it speaks of. LMDB itself does not ask: it is killed by SIGBUS or SIGSEGV by a file that was cut or overwritten.
 *
 * The file begins with two meta pages (lmdb-js 3.5, data format 2), of which the one with the higher transaction counts:
 *
 *     0    page header, 24 bytes: number, transaction, padding, flags, bounds
 *     24   magic, 4; version, 4; address, 8; map size, 8
 *     48   two tables of 48 bytes, free pages and main: page size, 4 (of the first); ...; root page, 8, at 40
 *     144  last page, 8; transaction, 8
 *
 * Limits: what is wrong between the head and the end only probe.ts finds, which takes a process of its own.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { Verdict } from './probe.ts';

/** What the head of `file` shows. */
export function lookAtHead(file: string): Verdict {
  const fd = openSync(file, 'r');
  try {
    const look = () => complaintOf(fd, fstatSync(fd).size);
    const reason = look() && look(); // the daemon may have used a page again between two reads
    return reason === undefined ? { sound: true } : { sound: false, reason };
  } finally {
    closeSync(fd);
  }
}

const MAGIC = 0xbeefc0de;
const META_BYTES = 160;
/** Pages are as large as the system's: of no other size than these. */
const PAGE_BYTES = [4096, 8192, 16_384, 32_768, 65_536];
const NO_PAGE = 2n ** 64n - 1n;

function complaintOf(fd: number, size: number): string | undefined {
  const first = read(fd, 0, META_BYTES);
  if (!isMeta(first)) return 'its data file does not begin as one';
  const pageBytes = first.readUInt32LE(48);
  if (!PAGE_BYTES.includes(pageBytes)) return `its data file has pages of ${pageBytes} bytes`;
  const second = read(fd, pageBytes, META_BYTES);
  if (!isMeta(second)) return 'its data file has no second meta page';
  const meta = first.readBigUInt64LE(152) > second.readBigUInt64LE(152) ? first : second;
  const wanted = (Number(meta.readBigUInt64LE(144)) + 1) * pageBytes;
  if (wanted > size) return `its data file has ${size} bytes and speaks of ${wanted}`;
  const isAtHome = (root: bigint) =>
    root === NO_PAGE || read(fd, Number(root) * pageBytes, 8).readBigUInt64LE(0) === root;
  return [88, 136].every((at) => isAtHome(meta.readBigUInt64LE(at))) ? undefined : 'its data file lacks its root page';
}

function isMeta(page: Buffer): boolean {
  return page.readUInt32LE(24) === MAGIC;
}

/** Zeros stand for what the file does not have. */
function read(fd: number, position: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  readSync(fd, bytes, 0, length, position);
  return bytes;
}
