import { hostname } from 'node:os';
import { expect, test } from '@jest/globals';
import { TestHost } from '../relaypass-process.ts';

test('support tells all but who and where', async () => {
  const host = new TestHost('[admission]\nnever_networks = ["203.0.113.5"]\nnever_users = ["gustav"]\n');
  await host.startDaemon();
  host.login('mallory', '203.0.113.5');
  host.login('alice', '198.51.100.7');
  await host.untilPermitted('198.51.100.7');
  const { status, stdout } = host.run('support');
  expect(status).toBe(0);
  for (const name of ['versions', 'config', 'check', 'status', 'log']) expect(stdout).toContain(`== ${name}\n`);
  expect(stdout).toMatch(/^relaypass \d+\.\d+\.\d+, Node\.js v\d/m);
  expect(stdout).toMatch(/^never_users = \["name-\d+"\]/m);
  expect(stdout).toMatch(/^Daemon {5}running for /m);
  const [, refused] = /^never_networks = \["(ipv4-\d+)"\]/m.exec(stdout) ?? [];
  expect(stdout).toMatch(new RegExp(`refused +${refused ?? 'none'} +name-\\d+ +imap`));
  expect(stdout).toMatch(/granted +ipv4-\d+ +name-\d+ +imap/);
  for (const secret of ['mallory', 'alice', 'gustav', '203.0.113.5', '198.51.100.7', hostname()]) {
    expect(stdout).not.toContain(secret);
  }
});

test('support tells what fails in its place', () => {
  const host = new TestHost('garce = 1\n');
  const { status, stdout } = host.run('support');
  expect(status).toBe(0);
  expect(stdout).toMatch(/== config\nfailed with config-invalid: .*garce: unknown option\n/);
});
