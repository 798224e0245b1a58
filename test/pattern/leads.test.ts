import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'smol-toml';
import * as z from 'zod';
import { leadsOf } from '../../src/pattern/leads.ts';
import { SHIPPED_PATTERNS } from '../../src/pattern/load.ts';
import { parseRegex } from '../../src/pattern/regex-syntax.ts';
import { loadShipped } from './shipped.ts';

test.each([
  ['^Login: user=<(?P<user>[^>]+)>$', ['Login: user=<']],
  [
    '^(?:Info: )?(?:imap|pop3)-login: x+$',
    ['Info: imap-login: ', 'Info: pop3-login: ', 'imap-login: ', 'pop3-login: '],
  ],
  ['^a(?P<b>b[0-9]?)c$', ['ab', 'abc']],
  ['^(?:a|b+)c$', ['ac', '']],
  ['^ab*c$', ['a']],
  ['^a{2}b$', ['']],
  ['^(?P<user>[^,]+), x$', ['']],
  ['^é$', ['']],
  ['^a(?:b|)$', ['a', 'ab']],
  [`^${'(?:a|b)'.repeat(7)}$`, ['']],
])('matches of %s start with one of %j', (regex, leads) => {
  expect(leadsOf(parseRegex(regex)).toSorted()).toEqual(leads.toSorted());
});

const rule = z.object({ regex: z.string() });
const file = z.object({
  login: z.array(rule),
  open: z.array(rule).default([]),
  close: z.array(rule).default([]),
  logout: z.array(rule).default([]),
});
const regexes = loadShipped().flatMap(({ name }) => {
  const text = readFileSync(path.join(SHIPPED_PATTERNS, `${name}.toml`), 'utf8');
  const { login, open, close, logout } = file.parse(parse(text));
  return [...login, ...open, ...close, ...logout].map(({ regex }) => regex);
});

test.each(regexes)('whatever matches %s starts with one of its leads', (regex) => {
  const leads = leadsOf(parseRegex(regex));
  const matching = fc.stringMatching(new RegExp(regex.replaceAll('(?P<', '(?<')));
  fc.assert(fc.property(matching, (text) => leads.some((lead) => text.startsWith(lead))));
});
