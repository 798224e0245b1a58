/**
 * Reads what an earlier system left: poprelayd's popip.db, the database of pop-before-smtp, or a list of addresses.
 * What a file is shows in its bytes, since the names of such files tell nothing reliable:
 *
 *     Berkeley DB   magic number at byte 12, hash or btree     read by makemap, else by postmap
 *     LMDB          magic number at byte 16                    read by postmap
 *     cdb           hash tables that end where the file does   read natively
 *     text          no NUL                                     an address a line, with or without a value; # comments
 *
 * A tool reads a copy in a temporary folder, so nothing of the original is changed or locked.
 *
 * Limits: Berkeley DB 1.85 is not known; a file that is written meanwhile may be read as broken.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { EXIT, OperationalError, reasonOf } from '../errors.ts';
import { readCdb } from '../map/cdb.ts';
import { dumpMap } from '../map/dump.ts';
import type { MapRow } from '../map/render.ts';
import { postfixTypes, sendmailTypes, type MapTools } from '../map/tools.ts';

/**
 * The rows of `file`, in its order; the value of a list's address is empty.
 * @throws OperationalError `import-unreadable` (74), `import-unknown` (65), or what the tool complains of
 */
export async function readRows(file: string, tools: MapTools): Promise<MapRow[]> {
  const bytes = await readFile(file).catch((error: unknown) => {
    const message = `${file}: cannot be read: ${reasonOf(error)}`;
    throw new OperationalError('import-unreadable', EXIT.io, message, { cause: error });
  });
  const type = databaseType(bytes);
  if (type !== undefined) return rowsOf(await dumpCopy(file, bytes, type, tools));
  const ofCdb = readCdb(bytes);
  if (ofCdb !== undefined) return ofCdb;
  if (!bytes.includes(0)) return rowsOf(bytes.toString());
  const message = `${file}: is neither a Berkeley DB (hash, btree), an LMDB, a cdb nor text`;
  throw new OperationalError('import-unknown', EXIT.dataErr, message);
}

type DatabaseType = 'hash' | 'btree' | 'lmdb';

const BERKELEY_MAGIC: Readonly<Record<number, DatabaseType>> = { 0x061561: 'hash', 0x053162: 'btree' };
const LMDB_MAGIC = 0xbeefc0de;

function databaseType(bytes: Buffer): DatabaseType | undefined {
  if (bytes.length < 20) return undefined;
  if (bytes.readUInt32LE(16) === LMDB_MAGIC) return 'lmdb';
  return BERKELEY_MAGIC[bytes.readUInt32LE(12)] ?? BERKELEY_MAGIC[bytes.readUInt32BE(12)];
}

const TIMEOUT_MS = 30_000; // a million rows take a few seconds

async function dumpCopy(file: string, bytes: Buffer, type: DatabaseType, tools: MapTools): Promise<string> {
  const tool = readerOf(file, type, tools);
  const folder = await mkdtemp(path.join(tmpdir(), 'relaypass-import-'));
  try {
    await writeFile(path.join(folder, type === 'lmdb' ? 'copy.lmdb' : 'copy.db'), bytes, { mode: 0o600 });
    return await dumpMap({ file }, { tool, type, cwd: folder, name: 'copy' }, { tools, timeoutMs: TIMEOUT_MS });
  } finally {
    await rm(folder, { recursive: true });
  }
}

function readerOf(file: string, type: DatabaseType, tools: MapTools): 'makemap' | 'postmap' {
  if (sendmailTypes(tools)?.includes(type) === true) return 'makemap';
  if (postfixTypes(tools)?.includes(type) === true) return 'postmap';
  const message =
    `${file}: is a ${type} database, which neither makemap nor postmap of this host reads: ` +
    'turn it into text where it was made (makemap -u, postmap -s), and import that';
  throw new OperationalError('import-unknown', EXIT.dataErr, message);
}

function rowsOf(text: string): MapRow[] {
  return text
    .split('\n')
    .filter((line) => !/^\s*(#|$)/.test(line))
    .map((line) => {
      const [, key = '', value = ''] = /^\s*(\S+)\s*(.*?)\s*$/s.exec(line) ?? [];
      return { key, value };
    });
}
