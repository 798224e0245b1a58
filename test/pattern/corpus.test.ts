import { expect, test } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseAddress } from '../../src/login/address.ts';
import type { Match } from '../../src/pattern/match.ts';
import { Matcher } from '../../src/pattern/matcher.ts';
import { parseSamples, type Sample } from '../../src/pattern/samples.ts';
import { linesBatch, loadShipped, SAMPLES_DIR } from './shipped.ts';

const patterns = loadShipped();
const files = readdirSync(SAMPLES_DIR).filter((file) => file.endsWith('.samples'));
/** Days after the lines were written: nothing in them is live. */
const LATER = Date.UTC(2026, 11, 1);

function read(file: string): Sample[] {
  return parseSamples(file, readFileSync(path.join(SAMPLES_DIR, file), 'utf8'));
}

function loginsOf(matcher: Matcher, { lines }: Sample): Match[] {
  return matcher.match(linesBatch(...lines), LATER).filter(({ kind }) => kind === 'login');
}

test.each(files)('every login of %s is found exactly, and nothing else', (file) => {
  const matcher = new Matcher(patterns, 'corpus');
  for (const sample of read(file)) {
    const found = loginsOf(matcher, sample).map(({ address, user, service }) => ({ address, user, service }));
    expect({ at: `${file}:${sample.line}`, found }).toEqual({
      at: `${file}:${sample.line}`,
      found: sample.kind === 'login' ? [sample.facts] : [],
    });
  }
});

test('the corpus holds thousands of lines and hundreds of logins', () => {
  const samples = files.flatMap(read);
  expect(samples.flatMap(({ lines }) => lines).length).toBeGreaterThan(15_000);
  expect(samples.filter(({ kind }) => kind === 'login').length).toBeGreaterThan(800);
});

test('no attack in the corpus grants the address it chose, but for lines that were written whole', () => {
  const granted = files.flatMap((file) => {
    const matcher = new Matcher(patterns, 'corpus');
    return read(file).flatMap((sample) => loginsOf(matcher, sample));
  });
  const forged = granted.filter(({ address }) => /^(?:::ffff:)?6\.6\.6\.6$|^2001:db8:666:/.test(address));
  const whole =
    /imap-login: (?:Info: )?Login: user=<evil>, method=PLAIN, rip=6\.6\.6\.6, lip=1\.1\.1\.1, mpid=1, session=<x>$/;
  expect(forged.filter(({ line }) => !whole.test(line))).toEqual([]);
  expect(forged).toHaveLength(12);
});

test('an address in the corpus is refused by the one parser or is an address', () => {
  const odd = files
    .flatMap(read)
    .flatMap(({ facts }) => facts['address'] ?? [])
    .map((text) => parseAddress(text))
    .filter((parsed) => !parsed.ok && parsed.reason === 'not-an-address');
  expect(odd).toEqual([]);
});
