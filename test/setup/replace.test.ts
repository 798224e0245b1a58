import {
  chmodSync,
  existsSync,
  linkSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { beforeEach, expect, test } from '@jest/globals';
import type { Change } from '../../src/setup/change.ts';
import { replaceFiles, undoReplacement } from '../../src/setup/replace.ts';
import { tempDir } from '../temp-dir.ts';

let dir = '';
let main = '';
let rules = '';
let record = '';
const fine = async () => undefined;
const refuse = async () => {
  throw new Error('postfix check failed');
};

beforeEach(() => {
  dir = tempDir();
  main = path.join(dir, 'main.cf');
  rules = path.join(dir, 'new/popauth.m4');
  record = path.join(dir, 'etc/setup.json');
  writeFileSync(main, 'old\n');
});

function changes(): Change[] {
  return [
    { file: rules, before: undefined, after: 'rules\n' },
    { file: main, before: 'old\n', after: 'new\n' },
  ];
}

test('replaces files, keeps mode and owner, and keeps what was', async () => {
  chmodSync(main, 0o640);
  await replaceFiles(changes(), record, fine);
  expect(readFileSync(main, 'utf8')).toBe('new\n');
  expect(readFileSync(rules, 'utf8')).toBe('rules\n');
  expect(readFileSync(`${main}.before-relaypass`, 'utf8')).toBe('old\n');
  expect(statSync(main).mode & 0o777).toBe(0o640);
});

test('undo puts back the very file, and leaves nothing of its own', async () => {
  const { ino, mtimeMs } = statSync(main);
  await replaceFiles(changes(), record, fine);
  undoReplacement(record);
  expect(statSync(main)).toMatchObject({ ino, mtimeMs });
  expect(readdirSync(dir).toSorted()).toEqual(['etc', 'main.cf', 'new']);
  expect([readdirSync(path.join(dir, 'etc')), readdirSync(path.join(dir, 'new'))]).toEqual([[], []]);
  expect(undoReplacement(record)).toBeUndefined();
});

test('a link stays one, and the file that it names is replaced', async () => {
  const link = path.join(dir, 'link.cf');
  symlinkSync(main, link);
  await replaceFiles([{ file: link, before: 'old\n', after: 'new\n' }], record, fine);
  expect(readFileSync(main, 'utf8')).toBe('new\n');
  undoReplacement(record);
  expect(readFileSync(link, 'utf8')).toBe('old\n');
});

test('nothing is changed where the MTA does not take the result', async () => {
  await expect(replaceFiles(changes(), record, refuse)).rejects.toThrow('nothing was changed: postfix check failed');
  expect(readFileSync(main, 'utf8')).toBe('old\n');
  expect([rules, record, `${main}.before-relaypass`].filter(existsSync)).toEqual([]);
});

test('nothing is changed where a later file cannot be', async () => {
  const wanted = [...changes(), { file: path.join(dir, 'other'), before: 'was\n', after: 'is\n' }];
  writeFileSync(path.join(dir, 'other'), 'edited meanwhile\n');
  await expect(replaceFiles(wanted, record, fine)).rejects.toThrow('somebody else changed it at the same time');
  expect(readFileSync(main, 'utf8')).toBe('old\n');
  expect(readFileSync(path.join(dir, 'other'), 'utf8')).toBe('edited meanwhile\n');
  expect([rules, record].filter(existsSync)).toEqual([]);
});

test('a file that somebody made meanwhile is not removed with ours', async () => {
  writeFileSync(path.join(dir, 'popauth.m4'), 'theirs\n');
  const wanted = [{ file: path.join(dir, 'popauth.m4'), before: undefined, after: 'ours\n' }];
  await expect(replaceFiles(wanted, record, fine)).rejects.toThrow('somebody else');
  expect(readFileSync(path.join(dir, 'popauth.m4'), 'utf8')).toBe('theirs\n');
});

test('undo refuses where a file has changed since, touches none, and shows what differs', async () => {
  await replaceFiles(changes(), record, fine);
  writeFileSync(main, 'new\nmine\n');
  expect(() => undoReplacement(record)).toThrow(/has changed since setup wrote it[^]*\n\+new\n\+mine\n/);
  expect(readFileSync(main, 'utf8')).toBe('new\nmine\n');
  expect(existsSync(rules)).toBe(true);
});

test('undo takes a generated file that was made anew for the one that it wrote', async () => {
  writeFileSync(main, '# made on Monday\ncf\n');
  const change = { file: main, before: '# made on Monday\ncf\n', after: '# made on Tuesday\ncf\nours\n' };
  await replaceFiles([{ ...change, isGenerated: true }], record, fine);
  writeFileSync(main, '# made on Wednesday\ncf\nours\n');
  undoReplacement(record);
  expect(readFileSync(main, 'utf8')).toBe('# made on Monday\ncf\n');
});

test('a second setup is refused until the first is undone', async () => {
  await replaceFiles(changes(), record, fine);
  const again = [{ file: main, before: 'new\n', after: 'newer\n' }];
  await expect(replaceFiles(again, record, fine)).rejects.toThrow('--undo');
  expect(readFileSync(main, 'utf8')).toBe('new\n');
});

test.each([0, 1, 2])('undo mends what kill -9 left after %i of the steps with a file', async (steps) => {
  const later = path.join(dir, 'later');
  writeFileSync(later, 'was\n');
  await replaceFiles([...changes(), { file: later, before: 'was\n', after: 'is\n' }], record, fine);
  const kept = readFileSync(record, 'utf8');
  undoReplacement(record);
  writeFileSync(record, kept); // nothing but the record was written
  writeFileSync(`${later}.new-relaypass`, 'i');
  if (steps > 0) linkSync(main, `${main}.before-relaypass`);
  if (steps > 1) writeFileSync(rules, 'rules\n');
  undoReplacement(record);
  expect([main, later].map((file) => readFileSync(file, 'utf8'))).toEqual(['old\n', 'was\n']);
  expect(readdirSync(dir).toSorted()).toEqual(['etc', 'later', 'main.cf', 'new']);
  expect(existsSync(rules)).toBe(false);
});

test('a record that was cut short is none to go by', async () => {
  await replaceFiles(changes(), record, fine);
  writeFileSync(record, '[{"file"');
  expect(() => undoReplacement(record)).toThrow('is not a record of setup');
});
