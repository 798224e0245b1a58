/** Command lines within a sentence of the pages, and the examples of each --help, held to the commands that there are. */
import { expect, test } from '@jest/globals';
import { COMMANDS } from '../../src/commands/all.ts';
import { recordCommand, type RecordedCommand } from '../../src/commands/recorded.ts';
import { PAGES } from './page.ts';

const RECORDED: RecordedCommand[] = [];
for (const listed of COMMANDS) RECORDED.push(await recordCommand(listed)); // jest links no two modules at once
const SPANS = PAGES.flatMap(({ spans }) => spans).filter((span) => span.startsWith('relaypass '));
const EXAMPLES = RECORDED.flatMap(({ examples }) => examples.map(([line]) => line));

test.each([...new Set([...SPANS, ...EXAMPLES])])('`%s` names a command and options that there are', (line) => {
  // `relaypass log [--since 1h]`: brackets are for what may be left out
  const [name, ...words] = /relaypass (.*)/.exec(line.replaceAll(/[[\]]/g, ''))?.[1]?.split(' ') ?? [];
  const command = RECORDED.find(({ listed }) => listed.usage.split(' ')[0] === name?.replace(/\W+$/, ''));
  const known = command?.options.map(([option]) => `--${option}`) ?? [];
  expect(command).toBeDefined();
  expect([...known, '--config', '--help']).toEqual(
    expect.arrayContaining(words.filter((word) => word.startsWith('--'))),
  );
});

test('there are such lines', () => {
  expect([SPANS.length, EXAMPLES.length].every((count) => count > 20)).toBe(true);
});
