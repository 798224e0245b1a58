import { readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { createAmender } from '../../src/map/amend.ts';
import { HashFile } from '../../src/map/hash-file.ts';
import type { MapTarget } from '../../src/map/target.ts';
import { tempDir } from '../temp-dir.ts';
import { EMPTY_MAP } from './empty-map.ts';
import { standInTools } from './stand-in-tools.ts';

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

function hash(): MapTarget {
  const map = path.join(tempDir(), 'popauth');
  writeFileSync(`${map}.db`, EMPTY_MAP);
  return { form: 'sendmail', type: 'hash', builder: 'makemap', path: map, file: `${map}.db` };
}
