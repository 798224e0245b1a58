/** What `check` finds out about the link to the other hosts, with a real server. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { checkCluster } from '../../src/check/cluster.ts';
import { parseRedisUrl } from '../../src/cluster/url.ts';
import type { ClusterConfig } from '../../src/config/schema.ts';
import { RedisServer, withRedis } from '../e2e/cluster/redis-server.ts';
import { tempDir } from '../temp-dir.ts';

function clusterAt(text: string, passwordFile?: string): ClusterConfig {
  const url = parseRedisUrl(text);
  if (url === undefined) throw new Error(text);
  const secret = passwordFile !== undefined && { password_file: passwordFile };
  return { url, namespace: 'relaypass', node: 'pop1', ...secret };
}

function hoursBehind(): number {
  return Date.now() - 7_200_000;
}

function fileWith(password: string): string {
  const file = path.join(tempDir(), 'redis-password');
  writeFileSync(file, `${password}\n`);
  return file;
}

withRedis('tells of the link, and warns of a clock that differs by hours', async () => {
  const redis = await RedisServer.start();
  const linked = {
    severity: 'ok',
    what: expect.stringMatching(/^cluster: linked as pop1, entries: 0, round trip: \d+ ms$/),
  };
  expect(await checkCluster(clusterAt(redis.url))).toEqual([expect.objectContaining(linked)]);
  expect(await checkCluster(clusterAt(redis.url), hoursBehind)).toEqual([
    expect.objectContaining(linked),
    expect.objectContaining({
      severity: 'warning',
      what: expect.stringMatching(/^cluster: the clock of Redis differs by 7[12]\d{5} ms$/),
      todo: 'run NTP on both hosts',
    }),
  ]);
});

withRedis('tells of a password that is wrong, missing, or right', async () => {
  const redis = await RedisServer.start();
  await redis.command('CONFIG', 'SET', 'requirepass', 's3cret');
  const found = async (passwordFile?: string) => {
    const [finding, ...others] = await checkCluster(clusterAt(redis.url, passwordFile));
    expect(others).toEqual([]);
    return `${finding?.severity} ${finding?.what}`;
  };
  expect(await found(fileWith('wrong'))).toMatch(/^error cluster: no link: .*WRONGPASS/);
  expect(await found()).toMatch(/^error cluster: no link: .*NOAUTH/);
  expect(await found(fileWith('s3cret'))).toMatch(/^ok cluster: linked/);
  expect(await found('/nonexistent')).toMatch(/^error cluster.password_file: \/nonexistent: cannot be read/);
});

withRedis('tells of a server that does not answer, and of one that is not there', async () => {
  const redis = await RedisServer.start();
  redis.signal('SIGSTOP');
  const what = async () => (await checkCluster(clusterAt(redis.url))).map((finding) => finding.what);
  expect(await what()).toEqual(['cluster: no link: Command timed out']);
  await redis.stop('SIGKILL');
  expect(await what()).toEqual([expect.stringContaining('cluster: no link: connect ECONNREFUSED')]);
});

test('a socket that is not there is told by its name', async () => {
  expect(await checkCluster(clusterAt('unix:/nonexistent/redis.sock'))).toEqual([
    expect.objectContaining({ severity: 'error', what: expect.stringContaining('ENOENT /nonexistent/redis.sock') }),
  ]);
});
