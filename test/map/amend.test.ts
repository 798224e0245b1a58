import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { createAmender } from '../../src/map/amend.ts';
import { HashFile } from '../../src/map/hash-file.ts';
import type { MapTarget } from '../../src/map/target.ts';
import { tempDir } from '../temp-dir.ts';
import { EMPTY_MAP } from './empty-map.ts';
import { GOOD_EDITMAP, GOOD_MAKEMAP, standInTools } from './stand-in-tools.ts';

test('changes no hash file whose last row is lost, and leaves nothing behind', async () => {
  const target = hash();
  const amender = createAmender(standInTools(tempDir(), {}));
  const change = { put: [{ key: '198.51.100.7', value: 'RELAY' }], remove: [] };
  const amended = await amender.amend(target, change);
  await amended.remove();
  const file = HashFile.open(target.file);
  file?.remove(Buffer.from('relaypass:probe'));
  file?.close();
  await expect(amender.amend(target, change)).rejects.toThrow('the changed map lacks relaypass:probe');
  expect(readdirSync(path.dirname(target.file))).toEqual(['popauth.db']);
});

test('changes no cdb that a tool has built, since no tool adds to one', () => {
  const amender = createAmender(standInTools(tempDir(), {}));
  const change = { put: [{ key: '198.51.100.7', value: 'RELAY' }], remove: [] };
  for (const builder of ['makemap', 'postmap'] as const)
    expect(amender.suits({ ...hash(), type: 'cdb', builder }, change, 100)).toBe(false);
  expect(amender.suits({ ...hash(), type: 'cdb', builder: 'native' }, change, 100)).toBe(true);
});

test("leaves a hash file to the MTA's tool where only that may write it", async () => {
  const put = [{ key: '198.51.100.7', value: 'RELAY' }];
  const tools = standInTools(tempDir(), { makemap: 'echo "makemap: asked" >&2; exit 1' });
  const amended = createAmender(tools).amend({ ...hash(), toolOnly: true }, { put, remove: [] });
  await expect(amended).rejects.toThrow('makemap: asked');
});

test('takes no map that a tool has begun anew instead of changing it, though what was asked for is in it', async () => {
  const put = [{ key: '198.51.100.7', value: 'RELAY' }];
  const target: MapTarget = { ...hash(), toolOnly: true };
  const makemap = 'case $3 in -u) exec cat "$5.db" ;; esac; exec cat > "$6.db"';
  const tools = standInTools(tempDir(), { makemap, editmap: GOOD_EDITMAP });
  const amended = createAmender(tools).amend(target, { put, remove: [] });
  await expect(amended).rejects.toThrow('the changed map lacks relaypass:probe');
  expect(readdirSync(path.dirname(target.file))).toEqual(['popauth.db']);
});

test('takes no map in which a tool has left the address that it was told to take away', async () => {
  const row = { key: '198.51.100.7', value: 'RELAY' };
  const target: MapTarget = { ...hash(), toolOnly: true };
  writeFileSync(target.file, `${row.key}\t${row.value}\nrelaypass:probe\tDUNNO\n`);
  const change = { put: [], remove: [row.key] };
  const good = { makemap: GOOD_MAKEMAP, editmap: GOOD_EDITMAP };
  const changed = await createAmender(standInTools(tempDir(), good)).amend(target, change);
  expect(readFileSync(changed.file, 'utf8')).toBe('relaypass:probe\tDUNNO\n');
  await changed.remove();
  const idle = { ...good, editmap: `[ $3 = -x ] && exit 0\n${GOOD_EDITMAP}` };
  const amended = createAmender(standInTools(tempDir(), idle)).amend(target, change);
  await expect(amended).rejects.toThrow('the changed map still has 198.51.100.7');
  expect(readdirSync(path.dirname(target.file))).toEqual(['popauth.db']);
});

function hash(): MapTarget {
  const map = path.join(tempDir(), 'popauth');
  writeFileSync(`${map}.db`, EMPTY_MAP);
  return { form: 'sendmail', type: 'hash', builder: 'makemap', path: map, file: `${map}.db` };
}
