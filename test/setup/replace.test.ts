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
const fine = () => undefined;
const refuse = () => {
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

test('replaces files, keeps mode and owner, and keeps what was', () => {
  chmodSync(main, 0o640);
  replaceFiles(changes(), record, fine);
  expect(readFileSync(main, 'utf8')).toBe('new\n');
  expect(readFileSync(rules, 'utf8')).toBe('rules\n');
  expect(readFileSync(`${main}.before-relaypass`, 'utf8')).toBe('old\n');
  expect(statSync(main).mode & 0o777).toBe(0o640);
});

test('undo puts back the very file, and leaves nothing of its own', () => {
  const { ino, mtimeMs } = statSync(main);
  replaceFiles(changes(), record, fine);
  undoReplacement(record);
  expect(statSync(main)).toMatchObject({ ino, mtimeMs });
  expect(readdirSync(dir).toSorted()).toEqual(['etc', 'main.cf', 'new']);
  expect([readdirSync(path.join(dir, 'etc')), readdirSync(path.join(dir, 'new'))]).toEqual([[], []]);
  expect(undoReplacement(record)).toBeUndefined();
});

test('a link stays one, and the file that it names is replaced', () => {
  const link = path.join(dir, 'link.cf');
  symlinkSync(main, link);
  replaceFiles([{ file: link, before: 'old\n', after: 'new\n' }], record, fine);
  expect(readFileSync(main, 'utf8')).toBe('new\n');
  undoReplacement(record);
  expect(readFileSync(link, 'utf8')).toBe('old\n');
});

test('nothing is changed where the MTA does not take the result', () => {
  expect(() => replaceFiles(changes(), record, refuse)).toThrow('nothing was changed: postfix check failed');
  expect(readFileSync(main, 'utf8')).toBe('old\n');
  expect([rules, record, `${main}.before-relaypass`].filter(existsSync)).toEqual([]);
});

test('nothing is changed where a later file cannot be', () => {
  const wanted = [...changes(), { file: path.join(dir, 'other'), before: 'was\n', after: 'is\n' }];
  writeFileSync(path.join(dir, 'other'), 'edited meanwhile\n');
  expect(() => replaceFiles(wanted, record, fine)).toThrow('somebody else changed it at the same time');
  expect(readFileSync(main, 'utf8')).toBe('old\n');
  expect(readFileSync(path.join(dir, 'other'), 'utf8')).toBe('edited meanwhile\n');
  expect([rules, record].filter(existsSync)).toEqual([]);
});

test('a file that somebody made meanwhile is not removed with ours', () => {
  writeFileSync(path.join(dir, 'popauth.m4'), 'theirs\n');
  const wanted = [{ file: path.join(dir, 'popauth.m4'), before: undefined, after: 'ours\n' }];
  expect(() => replaceFiles(wanted, record, fine)).toThrow('somebody else');
  expect(readFileSync(path.join(dir, 'popauth.m4'), 'utf8')).toBe('theirs\n');
});

test('undo refuses where a file has changed since, touches none, and shows what differs', () => {
  replaceFiles(changes(), record, fine);
  writeFileSync(main, 'new\nmine\n');
  expect(() => undoReplacement(record)).toThrow(/has changed since setup wrote it[^]*\n\+new\n\+mine\n/);
  expect(readFileSync(main, 'utf8')).toBe('new\nmine\n');
  expect(existsSync(rules)).toBe(true);
});

test('undo takes a generated file that was made anew for the one that it wrote', () => {
  writeFileSync(main, '# made on Monday\ncf\n');
  const change = { file: main, before: '# made on Monday\ncf\n', after: '# made on Tuesday\ncf\nours\n' };
  replaceFiles([{ ...change, isGenerated: true }], record, fine);
  writeFileSync(main, '# made on Wednesday\ncf\nours\n');
  undoReplacement(record);
  expect(readFileSync(main, 'utf8')).toBe('# made on Monday\ncf\n');
});

test('a second setup is refused until the first is undone', () => {
  replaceFiles(changes(), record, fine);
  const again = [{ file: main, before: 'new\n', after: 'newer\n' }];
  expect(() => replaceFiles(again, record, fine)).toThrow('--undo');
  expect(readFileSync(main, 'utf8')).toBe('new\n');
});

test.each([0, 1, 2])('undo mends what kill -9 left after %i of the steps with a file', (steps) => {
  const later = path.join(dir, 'later');
  writeFileSync(later, 'was\n');
  replaceFiles([...changes(), { file: later, before: 'was\n', after: 'is\n' }], record, fine);
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

test('a record that was cut short is none to go by', () => {
  replaceFiles(changes(), record, fine);
  writeFileSync(record, '[{"file"');
  expect(() => undoReplacement(record)).toThrow('is not a record of setup');
});
