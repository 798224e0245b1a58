/** The commands that change or explain what is permitted, with and without a daemon. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import * as z from 'zod';
import { GOOD_EDITMAP, GOOD_MAKEMAP, setTool } from '../map/stand-in-tools.ts';
import { TestHost, until } from '../relaypass-process.ts';
import { tempDir } from '../temp-dir.ts';

test('grant permits an address until its time is over, and show tells who granted it', () => {
  const host = new TestHost();
  expect(host.run('grant', '2001:DB8::9', '--for', '2h', '--user', 'scanner').stdout).toBe(
    '2001:db8::9 may relay for 2h 00m\n',
  );
  expect(host.permitted()).toEqual(['2001:db8::9']);
  const { stdout } = host.run('show', '2001:db8:0::9');
  expect(stdout).toMatch(/^2001:db8::9 may relay for (2h 00m|1h 59m)\.\n/);
  expect(stdout).toContain('granted by ');
  expect(stdout).toContain('relay-addresses: permits it');
});

test('grant tells what holds, where that is longer than what was asked for', () => {
  const host = new TestHost();
  host.run('grant', '198.51.100.7', '--user', 'bob');
  expect(host.run('grant', '198.51.100.7', '--user', 'bob', '--for', '1m').stdout).toMatch(
    /^198\.51\.100\.7 may relay for (29m \d\ds|30m 00s), as before\n/,
  );
});

test.each([
  ...['127.0.0.1', '::', '0.0.0.0', 'fe80::1', '224.0.0.1', '::1'].map((address) => [address, 69] as const),
  ...['1.2.3', '010.0.0.1', '2001:db8::1%eth0'].map((address) => [address, 64] as const),
])('grant refuses %s with %i', (address, exitStatus) => {
  const host = new TestHost();
  const { status, stderr } = host.run('grant', address);
  expect(status).toBe(exitStatus);
  expect(stderr).toContain(`${address}: not granted: `);
  expect(host.run('list').stdout).toBe('no address may relay now\n');
});

test('show explains what bars an address', () => {
  const host = new TestHost('[admission]\nown_networks = ["10.0.0.0/8"]\nnever_networks = ["203.0.113.5"]\n');
  expect(host.run('show', '10.1.2.3').stdout).toContain('gets none: the address is in own_networks');
  expect(host.run('show', '203.0.113.5').stdout).toContain('gets none: the address is in never_networks');
  expect(host.run('show', '203.0.113.6').stdout).toContain('may not relay: no login within 30m 00s');
});

test('purge closes the map before it returns, by address, network, user and all', () => {
  const host = new TestHost();
  const grant = (address: string, user: string) => host.run('grant', address, '--user', user);
  grant('198.51.100.7', 'alice');
  grant('198.51.100.8', 'bob');
  grant('203.0.113.1', 'bob');
  grant('192.0.2.9', 'carol');
  expect(host.run('purge', '198.51.100.7').stdout).toBe('purged 198.51.100.7 (alice)\n');
  expect(host.permitted()).toEqual(['192.0.2.9', '198.51.100.8', '203.0.113.1']);
  host.run('purge', '198.51.100.0/24');
  expect(host.permitted()).toEqual(['192.0.2.9', '203.0.113.1']);
  host.run('purge', '--user', 'bob');
  expect(host.permitted()).toEqual(['192.0.2.9']);
  host.run('purge', '--all', '--yes');
  expect(host.permitted()).toEqual([]);
  expect(host.run('purge', '--all', '--yes').stdout).toBe('nothing to purge\n');
});

test('purging a user leaves an address that another one logged in from', async () => {
  const host = new TestHost();
  await host.startDaemon();
  host.login('alice', '198.51.100.7');
  host.login('bob', '198.51.100.7');
  await host.untilPermitted('198.51.100.7');
  host.run('purge', '--user', 'bob');
  expect(host.permitted()).toEqual(['198.51.100.7']);
  expect(host.run('list').stdout).not.toContain('bob');
});

test('commands work beside the daemon, and it does not undo them', async () => {
  const host = new TestHost();
  await host.startDaemon();
  host.login('alice', '198.51.100.7');
  await host.untilPermitted('198.51.100.7');
  host.run('purge', '198.51.100.7');
  expect(host.permitted()).toEqual([]);
  host.login('bob', '198.51.100.8');
  await host.untilPermitted('198.51.100.8');
});

test('list --json gives one object for each user at each address', () => {
  const host = new TestHost();
  host.run('grant', '198.51.100.7', '--user', 'alice');
  const shape = z
    .array(
      z.strictObject({
        address: z.literal('198.51.100.7'),
        user: z.literal('alice'),
        service: z.literal('grant'),
        at: z.int(),
        expiresAt: z.int(),
        evidence: z.object({ by: z.literal('admin') }),
      }),
    )
    .length(1);
  expect(shape.safeParse(JSON.parse(host.run('list', '--json').stdout)).error).toBeUndefined();
});

test('sweep creates the map where there is none, and repairs one that somebody wrote into', () => {
  const host = new TestHost();
  expect(host.sweep().status).toBe(0);
  expect(host.permitted()).toEqual([]);
  host.run('grant', '198.51.100.7');
  writeFileSync(host.map, '0.0.0.0/0\n');
  expect(host.sweep().status).toBe(0);
  expect(host.permitted()).toEqual(['198.51.100.7']);
});

test('sweep empties the maps when the store cannot be read', () => {
  const host = new TestHost();
  host.run('grant', '198.51.100.7');
  writeFileSync(`${host.store}/data.mdb`, 'this is no store');
  const { status, stderr } = host.sweep();
  expect(status).toBe(74);
  expect(stderr).toContain('the store cannot be read');
  expect(host.permitted()).toEqual([]);
});

test('sweep empties the maps of a store that cannot be read, also where another map cannot be had', () => {
  const host = new TestHost();
  host.run('grant', '198.51.100.7');
  host.configure('[[map]]\nmta = "none"\ntype = "hash"\n');
  writeFileSync(`${host.store}/data.mdb`, 'this is no store');
  expect(host.sweep().status).toBe(74);
  expect(host.permitted()).toEqual([]);
});

test('sweep expires by the last good configuration while the admin’s file is in error', async () => {
  const host = new TestHost();
  const daemon = await host.startDaemon();
  await daemon.end('SIGKILL');
  host.run('grant', '198.51.100.7', '--for', '1s');
  host.configure('garce = "1h"\n');
  await until(() => {
    const { status, stderr } = host.sweep();
    expect(stderr).toContain('garce: unknown option');
    expect(status).toBe(0);
    return host.permitted().length === 0;
  }, 'the sweep to close the map');
});

test('beside a daemon, sweep goes by the maps that it keeps and not by a configuration that it has refused', async () => {
  const host = new TestHost();
  const daemon = await host.startDaemon();
  host.login('alice', '198.51.100.7');
  await host.untilPermitted('198.51.100.7');
  host.configure('[[map]]\nmta = "none"\ntype = "hash"\n');
  daemon.signal('SIGHUP');
  await until(() => daemon.said('kept the old configuration'), 'the refusal');
  expect(host.sweep()).toMatchObject({ status: 0, stderr: '' });
  expect(host.permitted()).toEqual(['198.51.100.7']);
  host.configure(`[[map]]\nmta = "none"\ntype = "text"\npath = "${host.dir}/other"\n`);
  expect(host.sweep()).toMatchObject({ status: 0, stderr: '' });
  expect(host.permitted()).toEqual(['198.51.100.7']);
});

test('while the daemon is dead, sweep does not count an open session, and the next daemon does again', async () => {
  const host = new TestHost();
  host.logout('bob', 'before', 1_900_000); // shows that logouts are logged here
  host.login('alice', '198.51.100.7', 1_785_000, 'open'); // 15 s short of the grace
  const daemon = await host.startDaemon();
  await host.untilPermitted('198.51.100.7');
  await daemon.end('SIGKILL');
  await until(() => host.sweep().status === 0 && host.permitted().length === 0, 'the sweep to close the map');
  await host.startDaemon();
  await host.untilPermitted('198.51.100.7');
});

test('while the daemon is dead, sweep empties a map that permits by an open session, where it cannot be rebuilt', async () => {
  const host = new TestHost('[[map]]\nmta = "sendmail"\ntype = "hash"\n');
  const map = path.join(path.dirname(host.map), 'popauth.db');
  const [bin, PATH] = [tempDir(), process.env['PATH'] ?? ''];
  setTool(bin, 'makemap', GOOD_MAKEMAP);
  setTool(bin, 'editmap', GOOD_EDITMAP);
  process.env['PATH'] = `${bin}:${PATH}`;
  try {
    host.logout('bob', 'before', 1_900_000);
    host.login('alice', '198.51.100.7', 1_790_000, 'open'); // 10 s short of the grace
    const daemon = await host.startDaemon();
    await until(() => readFileSync(map, 'utf8').includes('198.51.100.7'), 'the map to permit her');
    expect(host.sweep().status).toBe(0); // the daemon has noted that map, or it would be in doubt
    await daemon.end('SIGKILL');
    setTool(bin, 'makemap', 'case $1 in -l) echo hash; exit ;; esac; exit 74');
    await until(() => {
      expect(host.sweep().status).not.toBe(0);
      return !readFileSync(map, 'utf8').includes('198.51.100.7');
    }, 'the sweep to empty the map');
  } finally {
    process.env['PATH'] = PATH;
  }
});

test('check finds nothing wrong on a sound host, and says what is wrong on another', () => {
  const host = new TestHost();
  host.sweep();
  const sound = host.run('check');
  expect(sound.stdout).not.toMatch(/^error/m);
  expect(sound.status).toBe(0);
  host.configure('[patterns]\nuse = ["dovecott"]\n');
  const unsound = host.run('check', '--config-only');
  expect(unsound.status).toBe(78);
  expect(unsound.stdout).toMatch(/^error .*no pattern "dovecott"/m);
});

test('sweep empties a map that the configuration names no more', () => {
  const host = new TestHost();
  host.run('grant', '198.51.100.7');
  host.configure(`path = "${host.dir}/other"\n`);
  expect(host.run('sweep')).toMatchObject({ status: 0, stderr: expect.stringContaining('map was emptied') });
  expect(host.permitted()).toEqual([]);
  expect(readFileSync(`${host.dir}/other`, 'utf8')).toBe('198.51.100.7\n');
});

test('sweep keeps the other maps true when one cannot be had, and says why', () => {
  const host = new TestHost();
  host.run('grant', '198.51.100.7');
  host.configure('[[map]]\nmta = "none"\ntype = "hash"\n');
  host.run('purge', '--all', '--yes');
  expect(host.permitted()).toEqual([]);
  host.run('grant', '198.51.100.8');
  expect(host.run('sweep')).toMatchObject({ status: 78, stderr: expect.stringContaining('type "hash"') });
  expect(host.permitted()).toEqual(['198.51.100.8']);
});

test('grant and purge tell the other nodes though a map cannot be had', () => {
  const host = new TestHost('[[map]]\nmta = "none"\ntype = "hash"\n[cluster]\nurl = "redis://127.0.0.1:1"\n');
  for (const args of [
    ['grant', '198.51.100.7'],
    ['purge', '198.51.100.7'],
  ]) {
    const { status, stderr } = host.run(...args);
    expect(stderr).toMatch(/the other nodes do not know yet[^]*type "hash"/);
    expect(status).toBe(78);
  }
});

test('show tells what the other maps say when one cannot be had', () => {
  const host = new TestHost('[[map]]\nmta = "none"\ntype = "hash"\n');
  host.run('grant', '198.51.100.7');
  const { status, stdout } = host.run('show', '198.51.100.7');
  expect(stdout).toMatch(/relay-addresses: permits it\n[^]*map: .*type "hash"/);
  expect(status).toBe(0);
});
