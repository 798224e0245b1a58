import { expect, test } from '@jest/globals';
import type { Status } from '../../src/status/status.ts';
import { warningsAbout } from '../../src/status/warnings.ts';

const AT = 1_795_000_000_000;

/** A host on which all is well. */
const WELL: Omit<Status, 'warnings'> = {
  at: AT,
  configError: null,
  daemon: { running: true, pid: 42, startedAt: AT - 300_000 },
  sources: [{ id: 'journal', readAt: AT, lastMatchAt: AT, unreadBytes: null }],
  entries: { permitted: 1, max: 100 },
  maps: [{ file: '/m', state: 'true', placedAt: AT }],
  lookups: [],
  cluster: null,
  metrics: { listen: null, textfile: '/t/relaypass.prom', writtenAt: AT - 15_000 },
  stale: [],
  setAside: [],
  lastHour: { granted: 1, refreshed: 0, refused: 0, expired: 0, purged: 0 },
};

function warnings(changed: Partial<Status>): string[] {
  return warningsAbout({ ...WELL, ...changed }).map(({ what }) => what);
}

test('nothing is said of a host on which all is well', () => {
  expect(warnings({})).toEqual([]);
});

test('a text file that was not written for a minute, or never, is warned of', () => {
  const metrics = { listen: null, textfile: '/t/relaypass.prom', writtenAt: AT - 61_000 };
  const warning = ['/t/relaypass.prom: metrics are not written'];
  expect(warnings({ metrics })).toEqual(warning);
  expect(warnings({ metrics: { ...metrics, writtenAt: null } })).toEqual(warning);
  const daemon = { running: true, pid: 42, startedAt: AT - 1000 };
  expect(warnings({ daemon, metrics: { ...metrics, writtenAt: null } })).toEqual([]); // it will be, in a moment
});

test('a link to the cluster that is down is warned of, with the reason and since when', () => {
  const cluster = { node: 'pop1', link: 'down', since: AT - 90_000, reason: 'ECONNREFUSED' } as const;
  expect(warnings({ cluster })).toEqual(['no link to the cluster for 1m 30s: ECONNREFUSED']);
  expect(warnings({ cluster: { node: 'pop1', link: 'up', since: AT } })).toEqual([]);
});

test('what is wrong with the configuration comes first', () => {
  const daemon = { running: false, pid: null, startedAt: null };
  expect(warnings({ configError: '/c:3: grace: no', daemon })[0]).toBe('/c:3: grace: no');
});

test('entries are warned of when nine tenths are taken', () => {
  expect(warnings({ entries: { permitted: 89, max: 100 } })).toEqual([]);
  expect(warnings({ entries: { permitted: 90, max: 100 } })).toEqual(['90 of 100 entries are taken; more are refused']);
});
