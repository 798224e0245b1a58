/** Listings as a terminal, a pipe and another program meet them. */
import { writeFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import * as z from 'zod';
import { PseudoTerminal, screenOf } from '../pseudo-terminal.ts';
import { loginLine, TestHost, until } from '../relaypass-process.ts';

function hostWithGrants(): TestHost {
  const host = new TestHost();
  host.run('grant', '198.51.100.7', '--user', 'a.very.long.name.of.a.user@mail.example.org');
  host.run('grant', '2001:db8:1111:2222:3333:4444:5555:6666', '--user', 'bob');
  return host;
}

test.each([80, 40])(
  'list fits into a terminal of %i columns, and keeps the address whole as long as it can',
  async (columns) => {
    const host = hostWithGrants();
    const lines = await screenOf(['list', '--config', host.configFile], { columns });
    expect(lines[0]).toMatch(/^ADDRESS .*LEFT/);
    expect(lines).toHaveLength(3);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(columns);
    if (columns === 80) expect(lines.join('\n')).toContain('2001:db8:1111:2222:3333:4444:5555:6666  bob');
    expect(lines.join('\n')).toContain('…');
  },
);

test('list cuts nothing where it does not write to a terminal, and has absolute times', () => {
  const { stdout } = hostWithGrants().run('list');
  expect(stdout).toContain('a.very.long.name.of.a.user@mail.example.org');
  expect(stdout).toMatch(/ \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ /);
  expect(stdout).not.toContain('\u001b');
});

test('list tells how long ago on a terminal, and the instant with --absolute', async () => {
  const host = hostWithGrants();
  const config = ['--config', host.configFile];
  expect((await screenOf(['list', ...config], { columns: 200 })).join('\n')).toMatch(/ \d+s ago /);
  expect((await screenOf(['list', '--absolute', ...config], { columns: 200 })).join('\n')).toMatch(/ \d{4}-.*Z /);
});

test('a terminal has colours, and none with NO_COLOR', async () => {
  const host = hostWithGrants();
  const rawWith = async (env: NodeJS.ProcessEnv) => {
    const terminal = new PseudoTerminal(['list', '--config', host.configFile], { columns: 80, env });
    await terminal.ended();
    return terminal.raw;
  };
  expect(await rawWith({})).toContain('\u001b[');
  expect(await rawWith({ NO_COLOR: '1' })).not.toContain('\u001b');
  expect(await rawWith({ TERM: 'dumb' })).not.toContain('\u001b');
});

test('--no-header leaves the names of the columns out', () => {
  const { stdout } = hostWithGrants().run('list', '--no-header');
  expect(stdout.trimEnd().split('\n')).toHaveLength(2);
  expect(stdout).not.toContain('ADDRESS');
});

test('--jsonl prints one object a line', () => {
  const { stdout } = hostWithGrants().run('list', '--jsonl');
  const lines = stdout.trimEnd().split('\n');
  const shape = z.object({ address: z.string(), user: z.string(), at: z.int(), expiresAt: z.int() });
  expect(lines.map((line) => shape.parse(JSON.parse(line)).user)).toEqual(['bob', expect.stringContaining('long')]);
});

test.each([80, 40])('check fits on a terminal of %i columns', async (columns) => {
  const host = new TestHost('[patterns]\nuse = ["dovecott"]\n');
  const lines = await screenOf(['check', '--config', host.configFile], { columns });
  expect(lines.join('\n')).toMatch(/^error {4}/m);
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(columns);
});

test('list prints all to a pipe, also what is more than that holds at once', async () => {
  const host = new TestHost();
  const addresses = Array.from({ length: 3000 }, (_, i) => `198.51.${100 + (i >> 8)}.${i & 255}`);
  writeFileSync(host.log, addresses.map((address, i) => loginLine(`u${i}`, address)).join(''));
  await host.startDaemon();
  await until(() => host.permitted().length === addresses.length, 'all to be permitted');
  const { stdout } = host.run('list', '--jsonl');
  expect(stdout.split('\n').slice(0, -1)).toHaveLength(addresses.length);
});
