import { copyFileSync, readdirSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, expect, test } from '@jest/globals';
import { SpareCopy } from '../../src/map/spare.ts';
import type { MapTarget } from '../../src/map/target.ts';
import { tempDir } from '../temp-dir.ts';

let folder: string;
let target: MapTarget;
let spare: SpareCopy;

beforeEach(() => {
  folder = tempDir();
  const map = path.join(folder, 'popauth');
  target = { form: 'sendmail', type: 'hash', builder: 'makemap', path: map, file: `${map}.db` };
  writeFileSync(target.file, 'what stands');
  spare = new SpareCopy(target);
});

test('is what stands, and handed out once', async () => {
  void spare.prepare();
  const copy = await spare.take();
  expect(readFileSync(String(copy?.file), 'utf8')).toBe('what stands');
  expect(await spare.take()).toBeUndefined();
  await copy?.remove();
});

test('is none where nothing was prepared, or no map stands', async () => {
  expect(await spare.take()).toBeUndefined();
  rmSync(target.file);
  await spare.prepare();
  expect(await spare.take()).toBeUndefined();
  expect(readdirSync(folder)).toEqual([]);
});

test.each<[string, () => void]>([
  ['written into, with its size and date as before', () => meddle(target.file)],
  [
    'replaced by its like',
    () => (copyFileSync(target.file, `${target.file}.1`), renameSync(`${target.file}.1`, target.file)),
  ],
  ['removed', () => rmSync(target.file)],
])('is thrown away when the map that it was copied from has been %s', async (_what, harm) => {
  await spare.prepare();
  harm();
  expect(await spare.take()).toBeUndefined();
  expect(foldersBeside()).toEqual([]);
});

test.each<[string, (copy: string) => void]>([
  ['written into, with its size and date as before', meddle],
  ['removed', rmSync],
])('is thrown away when it has been %s itself', async (_what, harm) => {
  await spare.prepare();
  harm(copyBeside());
  expect(await spare.take()).toBeUndefined();
  expect(foldersBeside()).toEqual([]);
});

test('makes room for the next one, and leaves nothing behind in the end', async () => {
  void spare.prepare();
  writeFileSync(target.file, 'what stands now');
  await spare.prepare();
  expect(foldersBeside()).toHaveLength(1);
  expect(readFileSync(copyBeside(), 'utf8')).toBe('what stands now');
  await spare.drop();
  expect(readdirSync(folder)).toEqual(['popauth.db']);
});

function foldersBeside(): string[] {
  return readdirSync(folder).filter((name) => name.startsWith('.popauth.db.build-'));
}

function copyBeside(): string {
  return path.join(folder, String(foldersBeside()[0]), 'map.db');
}

function meddle(file: string): void {
  const date = new Date(1_700_000_000_000);
  utimesSync(file, date, date);
  writeFileSync(file, 'WHAT STANDS');
  utimesSync(file, date, date);
}
