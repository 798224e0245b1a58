import { expect, test } from '@jest/globals';
import { readFailedLogins } from '../../src/commands/failed-logins.ts';
import { configSchema } from '../../src/config/schema.ts';
import { createLog } from '../../src/log.ts';
import { TestHost } from '../relaypass-process.ts';

const log = createLog({ write: () => undefined, priorities: false });

test('a log that takes too long to be read is given up, and that is told', async () => {
  const host = new TestHost();
  host.failedLogin('alice', '198.51.100.7');
  const config = configSchema.parse({ source: [{ file: host.log }] });
  expect(
    await readFailedLogins({ config, log }, { since: 0, concerns: () => true, signal: AbortSignal.abort() }),
  ).toMatchObject({
    count: 0,
    unread: [{ source: `file:${host.log}`, why: 'not read to its end within 10s: ask again with a shorter --since' }],
  });
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
