import { expect, test } from '@jest/globals';
import { readFailedLogins } from '../../src/commands/failed-logins.ts';
import { configSchema } from '../../src/config/schema.ts';
import { createLog } from '../../src/log.ts';
import { TestHost } from '../relaypass-process.ts';

const log = createLog({ write: () => undefined, priorities: false });

function slowly(): boolean {
  return Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200) === 'timed-out';
}

test('a log that takes too long to be read is left in the middle, and that is told', async () => {
  const host = new TestHost();
  for (let index = 0; index < 30; index++) host.failedLogin('alice', '198.51.100.7');
  const config = configSchema.parse({ source: [{ file: host.log }] });
  const failed = await readFailedLogins({ config, log }, { since: 0, concerns: slowly, patienceMs: 1000 });
  expect(failed.count).toBeLessThanOrEqual(5);
  expect(failed.unread).toEqual([
    { source: `file:${host.log}`, why: 'not read to its end within 1s: ask again with a shorter --since' },
  ]);
});

test('standard input is not read a second time, and that is told', async () => {
  const config = configSchema.parse({ source: [{ stdin: true }] });
  expect(await readFailedLogins({ config, log }, { since: 0, concerns: () => true })).toEqual({
    since: 0,
    count: 0,
    firstAt: undefined,
    last: [],
    unread: [{ source: 'stdin', why: 'what came from there is not kept' }],
  });
});
