import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { loadConfig } from '../../src/config/load.ts';
import { relaypass, TestHost } from '../relaypass-process.ts';

test('config tells each option with the line that set it, or that it is the default', () => {
  const host = new TestHost('[admission]\nmax_entries = 500\nnever_users = ["guest", "@example.org"]\n');
  const { status, stdout } = host.run('config');
  expect(status).toBe(0);
  expect(stdout).toMatch(/^grace = "30m" +# default\n/);
  expect(stdout).toMatch(new RegExp(`^state_dir = ".*/state" +# ${host.configFile}:1$`, 'm'));
  expect(stdout).toMatch(new RegExp(`^\\[\\[source\\]\\]\nfile = ".*mail\\.log" +# ${host.configFile}:3$`, 'm'));
  expect(stdout).toMatch(new RegExp(`^type = "text" +# ${host.configFile}:6$`, 'm'));
  expect(stdout).toMatch(/^path = ".*\/state\/relay-addresses" +# found on this host$/m);
  expect(stdout).toMatch(new RegExp(`^max_entries = 500 +# ${host.configFile}:8$`, 'm'));
  expect(stdout).toMatch(new RegExp(`^never_users = \\["guest","@example.org"\\] +# ${host.configFile}:9$`, 'm'));
  expect(stdout).toMatch(/^max_addresses_per_user = 10 +# default$/m);
});

test('what config prints is a configuration with the same effect', () => {
  const host = new TestHost(
    '[patterns]\nuse = ["dovecot"]\n[[lookup]]\nprotocol = "tcp"\nlisten = "inet:127.0.0.1:9001"\n',
  );
  const printed = path.join(host.dir, 'printed.toml');
  writeFileSync(printed, host.run('config').stdout);
  const { map, ...rest } = loadConfig(printed);
  const { map: _, ...original } = loadConfig(host.configFile);
  expect(rest).toEqual(original);
  expect(map).toMatchObject([{ mta: 'none', type: 'text', path: host.map }]);
});

test('config --json gives one object for each option', () => {
  const host = new TestHost('[admission]\nmax_entries = 500\n');
  const settings: unknown = JSON.parse(host.run('config', '--json').stdout);
  expect(settings).toContainEqual({ table: '', key: 'grace', value: '30m', from: 'default' });
  expect(settings).toContainEqual({
    table: '[admission]',
    key: 'max_entries',
    value: 500,
    from: 'file',
    file: host.configFile,
    line: 8,
  });
  const lines = host.run('config', '--jsonl').stdout.trimEnd().split('\n');
  expect(lines.map((line): unknown => JSON.parse(line))).toEqual(settings);
});

test('config says what is wrong with a configuration that cannot be used', () => {
  const host = new TestHost('grace = "1y"\n');
  expect(relaypass('config', '--config', host.configFile)).toMatchObject({ status: 78 });
});
