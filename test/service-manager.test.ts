import { expect, test } from '@jest/globals';
import { createLog } from '../src/log.ts';
import { ServiceManager } from '../src/service-manager.ts';
import { canNotify, NotifySocket } from './notify-socket.ts';
import { TestHost, until } from './relaypass-process.ts';

const withNotify = canNotify ? test : test.skip;

withNotify('tells systemd that it is ready, reloads, is ready again and stops', async () => {
  const systemd = new NotifySocket();
  await systemd.listen();
  const host = new TestHost();
  const daemon = await host.startDaemon({ NOTIFY_SOCKET: systemd.path });
  await until(() => systemd.told.length === 1, 'READY');
  daemon.signal('SIGHUP');
  await until(() => systemd.told.length === 3, 'the end of the reload');
  expect(await daemon.end('SIGTERM')).toBe(0);
  await until(() => systemd.told.length === 4, 'STOPPING');
  expect(systemd.told).toEqual(['READY=1', 'RELOADING=1', 'READY=1', 'STOPPING=1']);
});

withNotify('is ready again also after a reload that was refused', async () => {
  const systemd = new NotifySocket();
  await systemd.listen();
  const host = new TestHost();
  const daemon = await host.startDaemon({ NOTIFY_SOCKET: systemd.path });
  host.configure('garce = "1m"\n');
  daemon.signal('SIGHUP');
  await until(() => systemd.told.length === 3, 'the end of the reload');
  expect(daemon.stderr).toContain('kept the old configuration');
  expect(systemd.told.at(-1)).toBe('READY=1');
});

withNotify('pings the watchdog as long as it works', async () => {
  const systemd = new NotifySocket();
  await systemd.listen();
  const host = new TestHost();
  await host.startDaemon({ NOTIFY_SOCKET: systemd.path, WATCHDOG_USEC: '100000' });
  await until(() => systemd.told.filter((word) => word === 'WATCHDOG=1').length >= 2, 'two pings');
});

withNotify('does not ping a watchdog that watches another process', async () => {
  const systemd = new NotifySocket();
  await systemd.listen();
  const env = { NOTIFY_SOCKET: systemd.path, PATH: process.env['PATH'], WATCHDOG_USEC: '1', WATCHDOG_PID: '1' };
  const manager = new ServiceManager(env, silent);
  manager.alive();
  await manager.tell('STOPPING=1');
  await until(() => systemd.told.length > 0, 'the second word');
  expect(systemd.told.slice(0, 1)).toEqual(['STOPPING=1']);
});

withNotify('pings no more often than the watchdog wants it', async () => {
  const systemd = new NotifySocket();
  await systemd.listen();
  const env = { NOTIFY_SOCKET: systemd.path, PATH: process.env['PATH'], WATCHDOG_USEC: '3600000000' };
  const manager = new ServiceManager(env, silent);
  for (let beat = 0; beat < 10; beat++) manager.alive();
  await until(() => systemd.told.length > 0, 'the ping');
  for (let beat = 0; beat < 10; beat++) manager.alive();
  await manager.tell('STOPPING=1');
  await until(() => systemd.told.includes('STOPPING=1'), 'the last word');
  expect(systemd.told).toEqual(['WATCHDOG=1', 'STOPPING=1']);
});

test('says so, and goes on, where systemd cannot be told', async () => {
  const lines: string[] = [];
  const log = createLog({ write: (line) => lines.push(line), priorities: false });
  await new ServiceManager({ NOTIFY_SOCKET: '/nonexistent/notify', PATH: '/nonexistent' }, log).tell('READY=1');
  expect(lines.join('')).toMatch(/^error: could not tell systemd state="READY=1" reason="cannot be run/);
});

const silent = createLog({ write: () => undefined, priorities: false });
