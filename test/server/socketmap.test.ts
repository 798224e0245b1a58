import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { socketmap } from '../../src/server/socketmap.ts';
import { failing, permitting } from './asked.ts';
import { exchange, serve, type Failures } from './serving.ts';

const PERMITTED = '8:OK RELAY,';
const NOT_FOUND = '9:NOTFOUND ,';
const TEMPORARY = '39:TEMP relay authorization is unavailable,';

function netstring(text: string): string {
  return `${Buffer.byteLength(text)}:${text},`;
}

test('answers who may relay with a value, and everybody else with NOTFOUND', async () => {
  const endpoint = await serve(socketmap(permitting('192.0.2.7')));
  expect(await exchange(endpoint, '19:relaypass 192.0.2.7,')).toBe(PERMITTED);
  expect(await exchange(endpoint, '19:relaypass 192.0.2.8,')).toBe(NOT_FOUND);
  expect(await exchange(endpoint, '17:relaypass unknown,')).toBe(NOT_FOUND);
});

test('reads addresses as Sendmail spells them', async () => {
  const mayRelay = permitting('2001:db8:0:0:0:0:0:7');
  const endpoint = await serve(socketmap(mayRelay));
  expect(await exchange(endpoint, netstring('relaypass ipv6:2001:db8:0:0:0:0:0:7'))).toBe(PERMITTED);
  expect(await exchange(endpoint, netstring('relaypass IPv6:2001:db8:0:0:0:0:0:7'))).toBe(PERMITTED);
});

test.each([
  ['192.0.2.7', undefined],
  ['192.0.2.7<a@b.example>', 'a@b.example'],
  ['192.0.2.7 <a@b.example>', 'a@b.example'],
  ['192.0.2.7<>', ''],
  ['192.0.2.7<a b> <c@d.example>', 'a b> <c@d.example'],
])('takes the sender from %j', async (key, sender) => {
  const mayRelay = permitting();
  await exchange(await serve(socketmap(mayRelay)), netstring(`relaypass ${key}`));
  expect(mayRelay.asked).toEqual([['192.0.2.7', sender]]);
});

test('does not take a key for an address to which a sender could have been joined', async () => {
  const mayRelay = permitting('192.0.2.73');
  const endpoint = await serve(socketmap(mayRelay));
  expect(await exchange(endpoint, netstring('relaypass 192.0.2.73 x@b.example'))).toBe(TEMPORARY);
  expect(mayRelay.asked).toEqual([]);
});

test('a client without an address may not relay', async () => {
  const endpoint = await serve(socketmap(permitting('192.0.2.7')));
  expect(await exchange(endpoint, netstring('relaypass <root@b.example>'))).toBe(NOT_FOUND);
});

test('answers several requests on one connection, however they are cut', async () => {
  const endpoint = await serve(socketmap(permitting('192.0.2.7')));
  const requests = netstring('relaypass 192.0.2.7') + netstring('relaypass 192.0.2.8');
  for (let cut = 1; cut < requests.length; cut++) {
    expect(await exchange(endpoint, requests.slice(0, cut), requests.slice(cut))).toBe(PERMITTED + NOT_FOUND);
  }
});

test('a failure behind it is a temporary one, and is reported', async () => {
  const failures: Failures = [];
  const endpoint = await serve(socketmap(failing), { failures });
  expect(await exchange(endpoint, netstring('relaypass 192.0.2.7'))).toBe(TEMPORARY);
  expect(failures).toEqual([new Error('the store failed')]);
});

test.each([
  'x',
  '19;relaypass 192.0.2.7,',
  '019:relaypass 192.0.2.7,',
  '18:relaypass 192.0.2.7,',
  '-1:,',
  '99999:x',
  '1024:x',
])('hangs up on what is no netstring: %j', async (bytes) => {
  const endpoint = await serve(socketmap(permitting('192.0.2.7')));
  expect(await exchange(endpoint, bytes, netstring('relaypass 192.0.2.7'))).toBe(TEMPORARY);
});

test('no bytes bring a yes for a client who may not relay, nor an answer of another form', async () => {
  const failures: Failures = [];
  const endpoint = await serve(socketmap(permitting()), { failures });
  const request = fc.string({ unit: 'binary' }).map((text) => Buffer.from(netstring(text)));
  const about = fc.string().map((key) => Buffer.from(netstring(`relaypass ${key}`)));
  const noise = fc.uint8Array({ maxLength: 2000 });
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(request, about, noise), { maxLength: 5 }), async (chunks) => {
      const said = await exchange(endpoint, ...chunks);
      expect(said.replaceAll(NOT_FOUND, '').replaceAll(TEMPORARY, '')).toBe('');
    }),
    { numRuns: 300 },
  );
  expect(failures).toEqual([]);
});

test('the beginning of a request is never taken for one', () => {
  const { take } = socketmap(permitting());
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (key) => {
      const whole = Buffer.from(netstring(`relaypass ${key}`));
      expect(take(whole)).toEqual({
        kind: 'request',
        request: whole.toString().replace(/^\d+:|,$/g, ''),
        lengthBytes: whole.length,
      });
      for (let length = 0; length < whole.length; length++)
        expect(take(whole.subarray(0, length))).toEqual({ kind: 'incomplete' });
    }),
  );
});
