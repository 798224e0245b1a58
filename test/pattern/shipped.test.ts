import { expect, test } from '@jest/globals';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { loadPattern, prepareShippedPattern, readShippedPattern } from '../../src/pattern/file.ts';
import { SHIPPED_PATTERNS } from '../../src/pattern/load.ts';
import { readPrepared, recall } from '../../src/pattern/prepared.ts';
import { checkSamples, parseSamples } from '../../src/pattern/samples.ts';
import { tempDir } from '../temp-dir.ts';

const files = readdirSync(SHIPPED_PATTERNS).filter((file) => file.endsWith('.toml'));
/** The addresses that stand for one which an attacker would have permitted. */
const ATTACKERS = /\b(?:6\.6\.6\.6|203\.0\.113\.66|2001:db8:666:)/;

test.each(files)('%s finds what its samples say, and each of its regexes has one', (file) => {
  const pattern = loadPattern(path.join(SHIPPED_PATTERNS, file));
  expect(pattern.rules.length).toBeGreaterThan(0);
});

test.each(files)('%s says of which versions lines were read, or that of none were', (file) => {
  const text = readFileSync(path.join(SHIPPED_PATTERNS, file), 'utf8');
  const isUnseen = text.includes('\nseen = []\n');
  expect(isUnseen || /\nseen = \["\d[^\]]*"\]\n/.test(text)).toBe(true);
  expect(text.includes('No line was captured for this file.')).toBe(isUnseen);
});

test.each(files)('the samples of %s have an attack in them, which yields nothing', (file) => {
  const samples = file.replace('.toml', '.samples');
  const text = readFileSync(path.join(SHIPPED_PATTERNS, samples), 'utf8');
  const nothing = parseSamples(samples, text).filter(({ kind }) => kind === 'nothing');
  expect(nothing.flatMap(({ lines }) => lines).filter((line) => ATTACKERS.test(line))).not.toEqual([]);
});

test.each(files)('each regex of %s has a text to look for before it is tried', (file) => {
  const { rules, failures } = loadPattern(path.join(SHIPPED_PATTERNS, file));
  for (const { regex } of [...rules, ...failures]) expect(regex.literal.length).toBeGreaterThanOrEqual(3);
});

test.each(files)('%s finds the same when a line of its server is the first to need its regexes', (file) => {
  const pattern = readShippedPattern(path.join(SHIPPED_PATTERNS, file));
  const samples = path.join(SHIPPED_PATTERNS, file.replace('.toml', '.samples'));
  checkSamples(pattern, samples, readFileSync(samples, 'utf8'));
});

test.each(files)('what the build has prepared of %s is what the file says, and finds the same', (file) => {
  const shipped = path.join(SHIPPED_PATTERNS, file);
  const prepared = readPrepared().get(path.basename(file, '.toml'));
  expect(prepared).toEqual(JSON.parse(JSON.stringify(prepareShippedPattern(shipped))));
  const recalled = recall(prepared, readFileSync(shipped, 'utf8'));
  const samples = shipped.replace('.toml', '.samples');
  if (recalled === undefined) throw new Error('nothing was prepared');
  checkSamples(recalled, samples, readFileSync(samples, 'utf8'));
});

test('what was prepared of a file that has been edited does not count', () => {
  const file = path.join(SHIPPED_PATTERNS, 'dovecot.toml');
  const prepared = prepareShippedPattern(file);
  const text = readFileSync(file, 'utf8');
  expect(recall(prepared, text)?.name).toBe('dovecot');
  expect(recall(prepared, text.replace('Login: ', 'Logon: '))).toBeUndefined();
  const edited = path.join(tempDir(), 'dovecot.toml');
  writeFileSync(edited, text.replace("'''^", "'''^(?=x)"));
  expect(() => readShippedPattern(edited, prepared)).toThrow(/dovecot.toml:\d+/);
});
