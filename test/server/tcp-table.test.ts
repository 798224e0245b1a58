import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { tcpTable } from '../../src/server/tcp-table.ts';
import { failing, permitting } from './asked.ts';
import { exchange, serve, type Failures } from './serving.ts';

const PERMITTED = '200 OK\n';
const NOT_FOUND = '500 not%20found\n';
const TEMPORARY = '400 relay%20authorization%20is%20unavailable\n';

test('answers who may relay with OK, and everybody else with 500', async () => {
  const endpoint = await serve(tcpTable(permitting('192.0.2.7', '2001:db8::7')));
  const requests = 'get 192.0.2.7\nget 192.0.2.8\nget unknown\nget 2001%3Adb8%3a:7\n';
  expect(await exchange(endpoint, requests)).toBe(PERMITTED + NOT_FOUND + NOT_FOUND + PERMITTED);
});

test.each(['put 192.0.2.7 OK', 'get', 'get ', 'get 192.0.2.7 x', 'get 192.0.2.7%', 'get %zz', ''])(
  'answers %j with a temporary failure',
  async (line) => {
    expect(await exchange(await serve(tcpTable(permitting('192.0.2.7'))), `${line}\n`)).toBe(TEMPORARY);
  },
);

test('a failure behind it is a temporary one, and is reported', async () => {
  const failures: Failures = [];
  expect(await exchange(await serve(tcpTable(failing), { failures }), 'get 192.0.2.7\n')).toBe(TEMPORARY);
  expect(failures).toHaveLength(1);
});

test('hangs up on a line without an end', async () => {
  const endpoint = await serve(tcpTable(permitting('192.0.2.7')));
  expect(await exchange(endpoint, `get ${'1'.repeat(5000)}`, '\nget 192.0.2.7\n')).toBe(TEMPORARY);
});

test('no bytes bring a yes for a client who may not relay, nor an answer of another form', async () => {
  const failures: Failures = [];
  const endpoint = await serve(tcpTable(permitting()), { failures });
  const request = fc.string({ unit: 'binary' }).map((text) => `get ${text}\n`);
  const noise = fc.uint8Array({ maxLength: 2000 });
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(request, noise), { maxLength: 5 }), async (chunks) => {
      const said = await exchange(endpoint, ...chunks);
      expect(said.replaceAll(NOT_FOUND, '').replaceAll(TEMPORARY, '')).toBe('');
    }),
    { numRuns: 300 },
  );
  expect(failures).toEqual([]);
});
