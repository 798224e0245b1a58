import { readdirSync, rmSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createLog } from '../../src/log.ts';
import { Tally } from '../../src/metrics/tally.ts';
import { readReport } from '../../src/status/daemon-report.ts';
import { Reporter } from '../../src/status/reporter.ts';
import { tempDir } from '../temp-dir.ts';

const STARTED_AT = 1_700_000_000_000;
const none = (): undefined => undefined;

let stateDir: string;
let tally: Tally;
let logged: string[];
let reporter: Reporter;

beforeEach(() => {
  stateDir = tempDir();
  tally = new Tally(STARTED_AT);
  logged = [];
  const log = createLog({ write: (line) => logged.push(line), priorities: false });
  reporter = new Reporter({
    stateDir,
    startedAt: STARTED_AT,
    tally,
    clusterStatus: none,
    clock: () => STARTED_AT,
    log,
  });
});
afterEach(() => reporter.stop());

test('tells from the start on what look-ups were answered, and nothing when it has stopped', () => {
  tally.lookup('tcp').add('permitted');
  reporter.start();
  expect(readReport(stateDir, STARTED_AT)?.lookups).toMatchObject({ tcp: { permitted: 1 } });
  expect(readReport(stateDir, STARTED_AT + 1)).toBeUndefined();
  reporter.stop();
  expect(readdirSync(stateDir)).toEqual([]);
});

test('tells of later ones within some seconds', async () => {
  reporter.start();
  tally.lookup('tcp').add('not-permitted');
  const limit = Date.now() + 20_000;
  while (told() === undefined && Date.now() < limit) await new Promise(setImmediate);
  expect(told()).toBe(1);
});

test('warns once where it cannot be written, and the daemon goes on', () => {
  rmSync(stateDir, { recursive: true });
  reporter.start();
  expect(logged).toEqual([expect.stringMatching(/^warn: report for "relaypass status" was not written reason=.*\n$/)]);
});

function told(): number | undefined {
  return readReport(stateDir, STARTED_AT)?.lookups['tcp']?.['not-permitted'];
}
