import { expect, test } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { readRows } from '../../src/import/read.ts';
import { encodeCdb } from '../../src/map/cdb.ts';
import type { MapTools } from '../../src/map/tools.ts';
import { tempDir } from '../temp-dir.ts';

const NO_TOOLS: MapTools = { find: () => undefined, env: {} };

async function read(bytes: string | Buffer) {
  const file = path.join(tempDir(), 'given');
  writeFileSync(file, bytes);
  return readRows(file, NO_TOOLS);
}

test('reads a list, an address a line, with a value or without', async () => {
  expect(await read('# old\n198.51.100.7\n\n  198.51.100.8\tok\n2001:db8::7   1795000000 \r\n')).toEqual([
    { key: '198.51.100.7', value: '' },
    { key: '198.51.100.8', value: 'ok' },
    { key: '2001:db8::7', value: '1795000000' },
  ]);
});

test('reads a cdb without any tool', async () => {
  const rows = Array.from({ length: 300 }, (_, host) => ({ key: `198.51.100.${host}`, value: 'ok' }));
  expect(await read(encodeCdb(rows))).toEqual(rows);
  expect(await read(encodeCdb([]))).toEqual([]);
});

test('refuses a cdb that is cut short', async () => {
  const whole = encodeCdb([{ key: '198.51.100.7', value: 'ok' }]);
  await expect(read(whole.subarray(0, -1))).rejects.toThrow('is neither a Berkeley DB');
});

test('says what to do with a database that no tool of the host reads', async () => {
  const hash = Buffer.alloc(8192);
  hash.writeUInt32LE(0x061561, 12);
  await expect(read(hash)).rejects.toThrow('is a hash database, which neither makemap nor postmap of this host reads');
});

test('says which file cannot be read', async () => {
  await expect(readRows('/nonexistent/popip.db', NO_TOOLS)).rejects.toThrow('/nonexistent/popip.db: cannot be read');
});
