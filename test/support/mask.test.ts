import { expect, test } from '@jest/globals';
import { Mask } from '../../src/support/mask.ts';

test('has the same stand-in for the same address and name, however they are written', () => {
  const mask = new Mask(['alice', 'mx1']);
  expect(mask.apply('alice at 198.51.100.7, Alice at 2001:db8::7, mx1 at 198.51.100.7 and 2001:DB8:0::7')).toBe(
    'name-1 at ipv4-1, name-1 at ipv6-1, name-2 at ipv4-1 and ipv6-1',
  );
  expect(mask.apply('bob@example.org from 198.51.100.0/24 [198.51.100.7]:25')).toBe(
    'name-3 from ipv4-2/24 [ipv4-1]:25',
  );
});

test('masks a name that holds characters of a regular expression, and no part of another word', () => {
  expect(new Mask(['a.b+c', 'ann']).apply('a.b+c, axb+c, annual, ann')).toBe('name-1, axb+c, annual, name-2');
});

test('leaves times, versions and loopback alone', () => {
  const text = '2026-11-24T12:00:00Z at 12:00:00, version 0.1.0, 127.0.0.1 and ::1';
  expect(new Mask([]).apply(text)).toBe(text);
});
