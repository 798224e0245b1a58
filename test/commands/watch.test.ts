import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { PseudoTerminal } from '../pseudo-terminal.ts';
import { TestHost, until } from '../relaypass-process.ts';

function watch(host: TestHost, columns: number): PseudoTerminal {
  return new PseudoTerminal(['watch', '--config', host.configFile], { columns });
}

test.each([80, 40])(
  'watch shows entries with the time they have left and events as they come, on %i columns',
  async (columns) => {
    const host = new TestHost();
    await host.startDaemon();
    const terminal = watch(host, columns);
    await terminal.untilShows(/^0 may relay, daemon running for /);
    host.login('alice', '198.51.100.7');
    await terminal.untilShows(/^198\.51\.100\.7 .* 29m \d\ds/);
    await terminal.untilShows(
      columns === 80 ? /^\d+s ago +granted +198\.51\.100\.7 +alice/ : /granted +198\.51\.100\.7/,
    );
    host.run('purge', '198.51.100.7');
    await terminal.untilShows(/purged +198\.51\.100\.7/);
    expect(terminal.screen.length).toBeLessThanOrEqual(24);
    for (const line of terminal.screen) expect(line.length).toBeLessThanOrEqual(columns);
    terminal.type('q');
    expect(await terminal.ended()).toBe(0);
  },
);

test('watch fills no more than the terminal when there is more to show, and fits itself to a new width', async () => {
  const host = new TestHost();
  await host.startDaemon();
  for (let n = 1; n <= 40; n++) host.login(`user${n}`, `198.51.100.${n}`);
  const terminal = watch(host, 100);
  await terminal.untilShows(/^40 may relay/);
  await terminal.untilShows(/granted/);
  expect(terminal.screen.length).toBe(24);
  terminal.resize(40);
  await until(() => terminal.screen.every((line) => line.length <= 40), 'the lines to fit');
});

test('watch says that the daemon does not run, counts down, and gives the terminal back at Ctrl-C', async () => {
  const host = new TestHost();
  host.run('grant', '192.0.2.9', '--for', '90s');
  const terminal = watch(host, 80);
  await terminal.untilShows(/DAEMON NOT RUNNING/);
  await terminal.untilShows(/^192\.0\.2\.9 .* 1m \d\ds/);
  const left = () => terminal.screen.join('\n').match(/1m \d\ds/)?.[0];
  const atFirst = left();
  await until(() => left() !== atFirst, 'the time left to shrink');
  terminal.type('\u0003');
  expect(await terminal.ended()).toBe(0);
  expect(terminal.raw.trimEnd().endsWith('\u001b[?25h\u001b[?1049l')).toBe(true);
});

test('watch writes plain lines where there is no terminal', async () => {
  const host = new TestHost();
  host.run('grant', '192.0.2.9', '--user', 'scanner');
  const cli = path.resolve(import.meta.dirname, '../../bin/relaypass.cjs');
  const child = spawn(process.execPath, [cli, 'watch', '--config', host.configFile], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  await until(() => /^192\.0\.2\.9 +scanner +grant /m.test(output), 'the entry');
  host.run('purge', '192.0.2.9');
  await until(() => /purged +192\.0\.2\.9 +scanner/.test(output), 'the event');
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
  expect(output).not.toContain('\u001b');
});
