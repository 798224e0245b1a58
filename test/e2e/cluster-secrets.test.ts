/** The server's password: from where it comes, and that nobody who lists processes sees it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterEach, expect } from '@jest/globals';
import { errnoOf } from '../../src/errors.ts';
import { CLI, TestHost, until } from '../relaypass-process.ts';
import { tempDir } from '../temp-dir.ts';
import { RedisServer, withRedis } from './cluster/redis-server.ts';

const PASSWORD = `s3cret-${process.pid}`;

let ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends) end();
  ends = [];
});

/** The processes whose command line or environment holds the password. */
function tellers(): number[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const texts = pids.map((pid) => textOf(`/proc/${pid}/cmdline`) + textOf(`/proc/${pid}/environ`));
  return pids.filter((_, index) => texts[index]?.includes(PASSWORD)).map(Number);
}

/** A process may have ended meanwhile, or be another user's. */
function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes(errnoOf(error) ?? '')) return '';
    throw error;
  }
}

async function guarded(): Promise<{ readonly redis: RedisServer; readonly file: string }> {
  const redis = await RedisServer.start();
  await redis.command('CONFIG', 'SET', 'requirepass', PASSWORD);
  const file = path.join(tempDir(), 'redis-password');
  writeFileSync(file, `${PASSWORD}\n`, { mode: 0o600 });
  return { redis, file };
}

function hostAt(redis: RedisServer, more = ''): TestHost {
  return new TestHost(`[cluster]\nurl = "${redis.url}"\nnode = "pop1"\n${more}`);
}

withRedis(
  'a password from a file is on no command line and in no environment, of the daemon or a command',
  async () => {
    const { redis, file } = await guarded();
    const host = hostAt(redis, `password_file = "${file}"\n`);
    await (await host.startDaemon()).joined();
    expect(tellers()).toEqual([]);
    redis.signal('SIGSTOP'); // so that the command is still there while we look
    const command = spawn(process.execPath, [CLI, 'grant', '192.0.2.9', '--config', host.configFile], {
      stdio: 'ignore',
    });
    const exited = once(command, 'exit');
    await until(() => textOf(`/proc/${command.pid}/cmdline`).includes('grant'), 'the command to run');
    while (command.exitCode === null) {
      expect(tellers()).toEqual([]);
      await setTimeout(20);
    }
    await exited;
  },
);

withRedis('a look at the processes would find it', async () => {
  const careless = spawn('sleep', ['60'], { env: { ...process.env, REDIS_PASSWORD: PASSWORD }, stdio: 'ignore' });
  ends.push(() => careless.kill('SIGKILL'));
  await once(careless, 'spawn');
  expect(tellers()).toEqual([careless.pid]);
});

withRedis('a systemd credential goes before the file, which may be root alone’s', async () => {
  const { redis, file } = await guarded();
  const host = hostAt(redis, 'password_file = "/nonexistent/root-alone"\n');
  await (await host.startDaemon({ CREDENTIALS_DIRECTORY: path.dirname(file) })).joined();
});

withRedis('status tells of a password that the server does not take', async () => {
  const { redis } = await guarded();
  const wrong = path.join(tempDir(), 'wrong');
  writeFileSync(wrong, 'wrong\n');
  const host = hostAt(redis, `password_file = "${wrong}"\n`);
  await host.startDaemon();
  await until(() => host.run('status').stdout.includes('WRONGPASS'), 'the reason to be told');
  const { status, stdout } = host.run('status');
  expect(stdout).toMatch(/^Cluster {4}pop1: down for /m);
  expect(stdout).toMatch(/^Warning {4}no link to the cluster for .*WRONGPASS/m);
  expect(stdout).not.toContain('wrong\n');
  expect(status).toBe(75);
});
