/** Every promise of the README that a test can hold it to by itself. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import * as z from 'zod';
import { COMMANDS } from '../src/commands/all.ts';
import { loadConfig } from '../src/config/load.ts';
import { configSchema } from '../src/config/schema.ts';
import { loadPattern } from '../src/pattern/file.ts';
import { relaypass } from './relaypass-process.ts';
import { tempDir } from './temp-dir.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const README = readFileSync(path.join(ROOT, 'README.md'), 'utf8');
const EXAMPLE = path.join(ROOT, 'docs/examples/relaypass.toml');

/** `admission.max_entries`, `[[map]] type`, ... as the reference writes them. */
function optionNames(): string[] {
  const tables = z.object({ properties: z.record(z.string(), z.unknown()) });
  const { properties } = tables.parse(z.toJSONSchema(configSchema, { io: 'input' }));
  return Object.entries(properties).flatMap(([name, schema]) => {
    const table = tables.safeParse(schema);
    if (table.success) return Object.keys(table.data.properties).map((key) => `${name}.${key}`);
    return [name];
  });
}

test('the configuration reference names every option', () => {
  const names = optionNames();
  expect(names).toContain('admission.max_entries');
  for (const name of names) {
    const written = ['lookup', 'map', 'source'].includes(name) ? `[[${name}]]` : `\`${name}\``;
    expect(README).toContain(written);
  }
});

test('the example configuration is valid and shows every option', () => {
  expect(loadConfig(EXAMPLE).admission.never_users).toEqual(['guest']);
  const text = readFileSync(EXAMPLE, 'utf8');
  for (const name of optionNames()) expect(text).toMatch(new RegExp(`\\b${name.split('.').at(-1) ?? ''}\\b`));
});

test('the example pattern passes its own samples', () => {
  const dir = tempDir();
  const [toml = '', samples = ''] = [...README.matchAll(/```(?:toml)?\n([\s\S]*?)```/g)].map(
    ([, block]) => block ?? '',
  );
  mkdirSync(dir, { recursive: true });
  writeFileSync(path.join(dir, 'mymaild.toml'), toml);
  writeFileSync(path.join(dir, 'mymaild.samples'), samples);
  expect(loadPattern(path.join(dir, 'mymaild.toml')).tags).toEqual(['mymaild']);
  const [line = ''] = /(?<=^ {4}relaypass )match --pattern .*/m.exec(README) ?? [];
  const [, pattern, log, ...rest] = line.split(' ').slice(1);
  expect([pattern, log, rest]).toEqual(['/etc/relaypass/patterns.d/mymaild.toml', '/var/log/mail.log', []]);
  const tried = relaypass('match', '--pattern', path.join(dir, 'mymaild.toml'), path.join(dir, 'mymaild.samples'));
  expect(tried).toMatchObject({ status: 0, stderr: '' });
  expect(tried.stdout).toContain('198.51.100.7');
});

test('every command that the program knows is in the table', () => {
  const names = COMMANDS.map(({ usage }) => usage.split(' ')[0] ?? '');
  expect(names).toContain('purge');
  for (const name of names) expect(README).toContain(`| \`relaypass ${name}`);
});
