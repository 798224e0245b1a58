import { expect, test } from '@jest/globals';
import { formatEndpoint, parseEndpoint } from '../../src/server/endpoint.ts';

test.each([
  ['unix:/run/relaypass/policy', { kind: 'unix', path: '/run/relaypass/policy' }],
  ['inet:127.0.0.1:9001', { kind: 'inet', host: '127.0.0.1', port: 9001 }],
  ['inet:127.9.8.7:1', { kind: 'inet', host: '127.9.8.7', port: 1 }],
  ['inet:[::1]:9001', { kind: 'inet', host: '::1', port: 9001 }],
  ['inet:127.0.0.1:65535', { kind: 'inet', host: '127.0.0.1', port: 65_535 }],
  [`unix:/${'x'.repeat(106)}`, { kind: 'unix', path: `/${'x'.repeat(106)}` }],
  ['udp:127.0.0.1:9876', { kind: 'udp', host: '127.0.0.1', port: 9876 }],
])('reads %s and writes it again', (text, endpoint) => {
  const parsed = parseEndpoint(text);
  expect(parsed).toEqual(endpoint);
  expect(parsed && formatEndpoint(parsed)).toBe(text);
});

test.each([
  'inet:0.0.0.0:9001',
  'inet:192.0.2.1:9001',
  'inet:[::]:9001',
  'inet:[2001:db8::1]:9001',
  'inet:127.0.0.1',
  'inet:127.0.0.1:0',
  'inet:127.0.0.1:65536',
  'inet:127.1:9001',
  'inet:localhost:9001',
  'inet::9001',
  '127.0.0.1:9001',
  'unix:socket',
  'unix:',
  `unix:/${'x'.repeat(107)}`,
  'unix:/run/relaypass\0/policy',
  '',
])('refuses %j, which is not this host alone, or cannot be', (text) => {
  expect(parseEndpoint(text)).toBeUndefined();
});
