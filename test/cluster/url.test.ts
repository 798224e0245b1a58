import { expect, test } from '@jest/globals';
import { parseRedisUrl } from '../../src/cluster/url.ts';

test.each([
  ['redis://127.0.0.1', { kind: 'server', server: { host: '127.0.0.1', port: 6379 }, db: 0, tls: false }],
  [
    'rediss://redis.example.net:6380/3',
    { kind: 'server', server: { host: 'redis.example.net', port: 6380 }, db: 3, tls: true },
  ],
  ['redis://[2001:db8::1]:6379', { kind: 'server', server: { host: '2001:db8::1', port: 6379 }, db: 0, tls: false }],
  [
    'rediss://relaypass@r1',
    { kind: 'server', server: { host: 'r1', port: 6379 }, db: 0, tls: true, user: 'relaypass' },
  ],
  ['unix:/run/redis/redis.sock', { kind: 'socket', path: '/run/redis/redis.sock' }],
  [
    'redis+sentinel://s1,s2:26380/mymaster',
    {
      kind: 'sentinel',
      hosts: [
        { host: 's1', port: 26_379 },
        { host: 's2', port: 26_380 },
      ],
      master: 'mymaster',
      tls: false,
    },
  ],
  [
    'rediss+cluster://app@c1:7000,c2:7001',
    {
      kind: 'cluster',
      hosts: [
        { host: 'c1', port: 7000 },
        { host: 'c2', port: 7001 },
      ],
      tls: true,
      user: 'app',
    },
  ],
])('reads %s', (text, endpoint) => {
  expect(parseRedisUrl(text)).toEqual({ user: undefined, ...endpoint });
});

test.each([
  ['a password, which would stand in the configuration for all to read', 'redis://user:secret@127.0.0.1'],
  ['a password without a user', 'redis://:secret@127.0.0.1'],
  ['several servers without Sentinel or Cluster', 'redis://r1,r2'],
  ['Sentinels that watch nobody in particular', 'redis+sentinel://s1,s2'],
  ['a database of a Redis Cluster, which has one', 'redis+cluster://c1/2'],
  ['a database that is no number', 'redis://r1/one'],
  ['a port that is none', 'redis://r1:70000'],
  ['another protocol', 'http://r1'],
  ['a relative path', 'unix:redis.sock'],
  ['nothing', ''],
])('refuses %s', (_, text) => {
  expect(parseRedisUrl(text)).toBeUndefined();
});
