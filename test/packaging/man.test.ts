import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { commandPage } from '../../packaging/man/command-page.ts';
import { configPage, patternsPage } from '../../packaging/man/format-pages.ts';
import { sections } from '../../packaging/man/markdown.ts';
import { inline, literal } from '../../packaging/man/roff.ts';
import { COMMANDS } from '../../src/commands/all.ts';
import { relaypass } from '../relaypass-process.ts';
import { tempDir } from '../temp-dir.ts';

const withGroff = spawnSync('groff', ['--version']).status === 0 ? test : test.skip;

withGroff.each([
  ['relaypass(1)', commandPage],
  ['relaypass.toml(5)', () => Promise.resolve(configPage())],
  ['relaypass-patterns(5)', () => Promise.resolve(patternsPage())],
])('groff finds nothing to warn of in %s', async (_, page) => {
  const { stderr, status } = groff(await page());
  expect(stderr).toBe('');
  expect(status).toBe(0);
});

withGroff('the page of commands has every option that --help has', async () => {
  const page = groff(await commandPage()).stdout;
  for (const { usage } of COMMANDS) {
    const help = relaypass(usage.split(' ')[0] ?? '', '--help').stdout;
    const flags = (help.match(/--[a-z][a-z-]+/g) ?? []).filter((flag) => flag !== '--version');
    expect(flags).toContain('--config');
    for (const flag of flags) expect(page).toContain(flag);
  }
});

withGroff('the page of the configuration tells options, choices, ranges and defaults', () => {
  const page = groff(configPage()).stdout.replaceAll(/\s+/g, ' ');
  expect(page).toContain('grace How long after its last login an address may relay: 1m to 24h. Default: "30m".');
  expect(page).toContain('One of "socketmap", "policy", "tcp", "whoson".');
  expect(page).toContain('[[map]]');
});

withGroff('the page of patterns tells the rules and the samples', () => {
  const page = groff(patternsPage()).stdout;
  expect(page).toContain('RULES');
  expect(page).toContain('# login address=198.51.100.1 user=alice service=imap');
});

test('what roff would take for its own is escaped', () => {
  expect(inline('.so /etc/passwd \\n `a-b`')).toBe('\\&.so /etc/passwd \\en \\fBa\\-b\\fR');
  expect(literal(["'x"])).toContain('\\(aqx');
});

test('Markdown sections keep their lists and their code apart', () => {
  const page = sections('# Title\n\nIntro.\n\n## One\n\nText:\n\n- a\n  b\n- c\n\n    code\n\n    more\n');
  expect(page.join('\n')).toBe(
    '.SH "ONE"\n.PP\nText:\n.IP \\(bu 2\na b\n.IP \\(bu 2\nc\n.PP\n.RS 4\n.nf\ncode\n\nmore\n.fi\n.RE',
  );
});

function groff(lines: readonly string[]) {
  const file = path.join(tempDir(), 'page');
  writeFileSync(file, `${lines.join('\n')}\n`);
  return spawnSync('groff', ['-man', '-Tutf8', '-ww', '-P-cbou', '-rLL=100n', file], { encoding: 'utf8' });
}
