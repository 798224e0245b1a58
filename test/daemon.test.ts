import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { loginLine, TestHost, until } from './relaypass-process.ts';
import { exchange } from './server/serving.ts';

test('permits the address of a login, and lists it with its user and source', async () => {
  const host = new TestHost();
  await host.startDaemon();
  host.login('alice', '198.51.100.7');
  await host.untilPermitted('198.51.100.7');
  expect(host.run('list').stdout).toMatch(/198\.51\.100\.7 +alice +imap .*mail\.log/);
});

test('permits nobody for a failed login, whatever stands in the user name', async () => {
  const host = new TestHost();
  await host.startDaemon();
  appendFileSync(
    host.log,
    `${new Date().toISOString()} mx dovecot: imap-login: Disconnected (auth failed, 1 attempts in 2 secs): user=<Login: user=<x>, rip=203.0.113.66, >, method=PLAIN, rip=203.0.113.99, lip=192.0.2.25, session=<y>\n`,
  );
  host.login('alice', '198.51.100.7');
  await host.untilPermitted('198.51.100.7');
});

test('goes on after kill -9 with what was written while it was dead', async () => {
  const host = new TestHost();
  const first = await host.startDaemon();
  host.login('alice', '198.51.100.7');
  await host.untilPermitted('198.51.100.7');
  await first.end('SIGKILL');
  host.login('bob', '198.51.100.8');
  await host.startDaemon();
  await host.untilPermitted('198.51.100.7', '198.51.100.8');
});

test('follows a session over kill -9, and ends it by a logout that was written while it was dead', async () => {
  const host = new TestHost();
  const first = await host.startDaemon();
  host.logout('alice', 'before'); // tells that this server logs them
  host.login('alice', '198.51.100.7', 0, 'this');
  await host.untilPermitted('198.51.100.7');
  expect(host.run('list').stdout).toMatch(/ 1[12]h \d\dm, session open /);
  expect(host.run('show', '198.51.100.7').stdout).toContain('session open, until at most');
  await first.end('SIGKILL');
  host.logout('alice', 'this');
  await host.startDaemon();
  await until(() => !host.run('list').stdout.includes('session open'), 'the session to end');
  expect(host.run('list').stdout).toMatch(/ (29m \d\ds|30m 00s) /);
});

test('takes a logout that is older than the grace for what it is', async () => {
  const host = new TestHost();
  const first = await host.startDaemon();
  host.logout('alice', 'before', 1_200_000);
  host.login('alice', '198.51.100.7', 1_200_000, 'this');
  await host.untilPermitted('198.51.100.7');
  await first.end('SIGKILL');
  writeFileSync(host.configFile, `grace = "1m"\n${readFileSync(host.configFile, 'utf8')}`);
  host.logout('alice', 'this', 600_000);
  await host.startDaemon();
  await host.untilPermitted();
});

test('ends with status 0 at SIGTERM and leaves its map', async () => {
  const host = new TestHost();
  const daemon = await host.startDaemon();
  host.login('alice', '198.51.100.7');
  await host.untilPermitted('198.51.100.7');
  expect(await daemon.end('SIGTERM')).toBe(0);
  expect(host.permitted()).toEqual(['198.51.100.7']);
});

test('refuses to start beside a daemon that works on the same state folder, also when that was reloaded', async () => {
  const host = new TestHost();
  const first = await host.startDaemon();
  const pid = /"pid":\s*(\d+)/.exec(host.run('status', '--json').stdout)?.[1] ?? '?';
  first.stderr = '';
  first.signal('SIGHUP');
  await until(() => first.said('started'), 'the reload');
  host.configure('# another\n');
  const { status, stderr } = host.run('run');
  expect(status).toBe(75);
  expect(stderr).toContain(`another relaypass daemon, process ${pid}, works on this state folder; stop it first`);
  expect(host.run('status', '--json').stdout).toContain(`"pid": ${pid}`);
  expect(readFileSync(path.join(host.store, '../last-good.toml'), 'utf8')).not.toContain('# another');
  await first.end('SIGKILL');
  await host.startDaemon();
});

test('takes up a changed configuration at SIGHUP', async () => {
  const host = new TestHost();
  const daemon = await host.startDaemon();
  host.configure('[admission]\nnever_networks = ["198.51.100.0/24"]\n');
  daemon.stderr = '';
  daemon.signal('SIGHUP');
  await until(() => daemon.said('started'), 'the daemon to take up its configuration');
  host.login('alice', '198.51.100.7');
  host.login('bob', '203.0.113.8');
  await host.untilPermitted('203.0.113.8');
});

test('takes back at SIGHUP what the new rules bar, whoever granted it, and tells why', async () => {
  const host = new TestHost();
  const daemon = await host.startDaemon();
  host.login('alice', '198.51.100.7');
  host.login('guest', '203.0.113.8');
  host.login('carol', '203.0.113.9');
  host.run('grant', '198.51.100.9');
  await host.untilPermitted('198.51.100.7', '198.51.100.9', '203.0.113.8', '203.0.113.9');
  host.configure('[admission]\nnever_networks = ["198.51.100.0/24"]\nnever_users = ["guest"]\n');
  expect(host.run('show', '198.51.100.7').stdout).toMatch(
    /only until the daemon is reloaded:\s+the address is in never/,
  );
  daemon.signal('SIGHUP');
  await host.untilPermitted('203.0.113.9');
  expect(host.run('show', '198.51.100.7').stdout).toContain('gets none: the address is in never_networks');
  expect(host.run('show', '--user', 'guest').stdout).toContain('relay from nowhere: the user is in never_users');
  expect(host.run('log').stdout).toMatch(/purged +203\.0\.113\.8 +guest .*the user is in never_users/);
  await until(() => daemon.said('revoked address=198.51.100.7'), 'the daemon to say so');
});

test('keeps its configuration at SIGHUP when the new one is wrong, and says where', async () => {
  const host = new TestHost();
  const daemon = await host.startDaemon();
  host.configure('[admission]\nnever_netwroks = []\n');
  daemon.signal('SIGHUP');
  await until(() => daemon.said('kept the old configuration'), 'the complaint');
  expect(daemon.stderr).toContain('relaypass.toml:8: admission.never_netwroks: unknown option');
  host.login('alice', '198.51.100.7');
  await host.untilPermitted('198.51.100.7');
});

test('waits for a log that does not exist, says so once, and goes on when it appears', async () => {
  const host = new TestHost();
  rmSync(host.log);
  const daemon = await host.startDaemon();
  await until(() => daemon.said('log missing'), 'the notice');
  host.login('alice', '198.51.100.7');
  await host.untilPermitted('198.51.100.7');
  expect(daemon.stderr.match(/log missing/g)).toHaveLength(1);
});

test('sets a store aside that is none, keeps it, and fills a new one from the log', async () => {
  const host = new TestHost();
  const first = await host.startDaemon();
  host.login('alice', '198.51.100.7');
  await host.untilPermitted('198.51.100.7');
  await first.end('SIGKILL');
  writeFileSync(`${host.store}/data.mdb`, 'this is no store');
  const second = await host.startDaemon();
  expect(second.stderr).toMatch(/set aside.*kept=(\S+)/);
  const kept = /kept=(\S+)/.exec(second.stderr)?.[1] ?? '';
  expect(readFileSync(`${kept}/data.mdb`, 'utf8')).toBe('this is no store');
  await host.untilPermitted('198.51.100.7');
});

test('ignores a login that is older than the grace, however late it is read', async () => {
  const host = new TestHost('');
  host.login('old', '198.51.100.9', 3_600_000);
  host.login('alice', '198.51.100.7', 60_000);
  await host.startDaemon();
  await host.untilPermitted('198.51.100.7');
  expect(host.run('list').stdout).not.toContain('198.51.100.9');
});

test('answers a look-up as soon as it has logged a login, and as soon as a command has changed the store', async () => {
  const host = new TestHost();
  const endpoint = { kind: 'unix', path: `${host.dir}/tcp` } as const;
  host.configure(`[[lookup]]\nprotocol = "tcp"\nlisten = "unix:${endpoint.path}"\n`);
  const daemon = await host.startDaemon();
  expect(await exchange(endpoint, 'get 198.51.100.7\n')).toBe('500 not%20found\n');
  host.login('alice', '198.51.100.7');
  await until(() => daemon.said('granted address=198.51.100.7'), 'the login');
  expect(await exchange(endpoint, 'get 198.51.100.7\n')).toBe('200 OK\n');
  expect(host.run('purge', '198.51.100.7').status).toBe(0);
  expect(await exchange(endpoint, 'get 198.51.100.7\n')).toBe('500 not%20found\n');
});

test('permits and lists who whoson told of', async () => {
  const host = new TestHost();
  const endpoint = { kind: 'unix', path: `${host.dir}/whoson` } as const;
  host.configure(`[[lookup]]\nprotocol = "whoson"\nlisten = "unix:${endpoint.path}"\nallow = ["unix"]\n`);
  await host.startDaemon();
  expect(await exchange(endpoint, 'LOGIN 198.51.100.7 alice\n\n')).toBe('+LOGIN OK\r\n\r\n');
  await host.untilPermitted('198.51.100.7');
  expect(host.run('list').stdout).toMatch(/198\.51\.100\.7 +alice +whoson .*told by unix/);
  expect(host.run('show', '198.51.100.7').stdout).toContain('told over whoson by unix');
  expect(await exchange(endpoint, 'LOGOUT 198.51.100.7\n\n')).toBe('+LOGOUT record deleted\r\n\r\n');
  await host.untilPermitted();
});

test('keeps its look-ups at SIGHUP when the sender map is wrong, and `check` says where', async () => {
  const host = new TestHost();
  const endpoint = { kind: 'unix', path: `${host.dir}/policy` } as const;
  const senders = `${host.dir}/senders`;
  writeFileSync(senders, 'alice alice@example.com\n');
  host.configure(
    `[[lookup]]\nprotocol = "policy"\nlisten = "unix:${endpoint.path}"\nbind_sender = "user"\nsender_map = "${senders}"\n`,
  );
  const daemon = await host.startDaemon();
  host.login('alice', '198.51.100.7');
  await host.untilPermitted('198.51.100.7');
  writeFileSync(senders, 'alice alice\n');
  daemon.signal('SIGHUP');
  await until(() => daemon.said('kept the old configuration'), 'the complaint');
  expect(daemon.stderr).toContain(`${senders}:1: expected a login name and its senders`);
  expect(host.run('check', '--config-only').stdout).toContain(`${senders}:1: expected a login name`);
  const request = 'request=smtpd_access_policy\nclient_address=198.51.100.7\nsender=';
  expect(await exchange(endpoint, `${request}alice@example.com\n\n`)).toBe('action=permit\n\n');
  expect(await exchange(endpoint, `${request}eve@example.com\n\n`)).toBe('action=dunno\n\n');
});

test('reads a pipe through a reload, and ends with status 0 when its writer closes it', async () => {
  const host = new TestHost();
  writeFileSync(host.configFile, readFileSync(host.configFile, 'utf8').replace(/file = .*/, 'stdin = true'));
  const daemon = await host.startDaemon({}, 'pipe');
  daemon.write(loginLine('alice', '198.51.100.7'));
  await host.untilPermitted('198.51.100.7');
  daemon.stderr = '';
  daemon.signal('SIGHUP');
  daemon.write(loginLine('bob', '198.51.100.8'));
  await until(() => daemon.said('started'), 'the reload');
  await host.untilPermitted('198.51.100.7', '198.51.100.8');
  expect(await daemon.closeInput()).toBe(0);
});
