import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { policy } from '../../src/server/policy.ts';
import { failing, permitting } from './asked.ts';
import { exchange, serve, type Failures } from './serving.ts';

const PERMIT = 'action=permit\n\n';
const DUNNO = 'action=dunno\n\n';
const TEMPORARY = 'action=451 4.3.0 Relay authorization is unavailable, try again later\n\n';

/** What Postfix sends, with `more` in it. */
function request(client: string, more = 'sender=alice@example.com\n'): string {
  return `request=smtpd_access_policy\nprotocol_state=RCPT\nprotocol_name=ESMTP\nhelo_name=x\nclient_address=${client}\n${more}recipient=u@elsewhere.example\nsasl_username=\n\n`;
}

test('permits who may relay, and leaves everybody else to the restrictions behind', async () => {
  const endpoint = await serve(policy(permitting('192.0.2.7', '2001:db8::7')));
  expect(await exchange(endpoint, request('192.0.2.7'))).toBe(PERMIT);
  expect(await exchange(endpoint, request('192.0.2.8'), request('2001:db8::7'))).toBe(DUNNO + PERMIT);
});

test('takes the sender as it is; a request without one has the null sender', async () => {
  const mayRelay = permitting();
  const endpoint = await serve(policy(mayRelay));
  await exchange(endpoint, request('192.0.2.7'), request('192.0.2.7', 'sender=\n'), request('192.0.2.7', ''));
  expect(mayRelay.asked.map(([, sender]) => sender)).toEqual(['alice@example.com', '', '']);
});

test.each([
  ['another request', 'request=other\nclient_address=192.0.2.7\n\n'],
  ['no client', 'request=smtpd_access_policy\nsender=a@b.example\n\n'],
  ['a line that is no attribute', request('192.0.2.7', 'permit\n')],
  ['an attribute without a name', request('192.0.2.7', '=x\n')],
  ['two clients', request('192.0.2.8', 'client_address=192.0.2.7\n')],
  ['nothing', '\n\n'],
])('defers %s', async (_, bytes) => {
  expect(await exchange(await serve(policy(permitting('192.0.2.7'))), bytes)).toBe(TEMPORARY);
});

test('a failure behind it is a temporary one, and is reported', async () => {
  const failures: Failures = [];
  const endpoint = await serve(policy(failing), { failures });
  expect(await exchange(endpoint, request('192.0.2.7'))).toBe(TEMPORARY);
  expect(failures).toHaveLength(1);
});

test('hangs up on a request without an end', async () => {
  const endpoint = await serve(policy(permitting('192.0.2.7')));
  expect(await exchange(endpoint, 'a'.repeat(20_000), request('192.0.2.7'))).toBe(TEMPORARY);
});

test('no bytes bring an empty action, or a permission for a client who may not relay', async () => {
  const failures: Failures = [];
  const endpoint = await serve(policy(permitting()), { failures });
  const hostile = fc.string({ unit: 'binary' }).map((text) => request('192.0.2.8', `sender=${text}\n`));
  const noise = fc.uint8Array({ maxLength: 2000 });
  const lines = fc.array(fc.constantFrom('action=permit', 'client_address=', 'request=smtpd_access_policy', '', '='));
  const mixed = lines.map((each) => `${each.join('\n')}\n\n`);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(hostile, noise, mixed), { maxLength: 5 }), async (chunks) => {
      const said = await exchange(endpoint, ...chunks);
      expect(said.replaceAll(DUNNO, '').replaceAll(TEMPORARY, '')).toBe('');
    }),
    { numRuns: 300 },
  );
  expect(failures).toEqual([]);
});
