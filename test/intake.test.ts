import { appendFileSync, renameSync, utimesSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { configSchema } from '../src/config/schema.ts';
import { Intake } from '../src/intake.ts';
import { createLog } from '../src/log.ts';
import { Tally } from '../src/metrics/tally.ts';
import { stampOf } from '../src/pattern/header.ts';
import { Matcher } from '../src/pattern/matcher.ts';
import { createFileSource } from '../src/source/file.ts';
import type { Batch, LogSource } from '../src/source/source.ts';
import type { Store } from '../src/store/store.ts';
import { loadShipped } from './pattern/shipped.ts';
import { GRACE_MS, MAX_SESSION_MS, MINUTE_MS, permitted, Place } from './store/fixture.ts';

const patterns = loadShipped();
const SOURCE = 'file:/var/log/mail.log';
const KIB = 1024;

const nothing = () => undefined;
const done = () => Promise.resolve();
const clock = () => place.now;
const stampOfLine = (line: string) => stampOf(Buffer.from(line), place.now);

let place: Place;
let tally: Tally;
let store: Store;

beforeEach(async () => {
  place = new Place();
  tally = new Tally(place.now);
  store = await place.open();
});
afterEach(() => place.remove());

/** What a read gives: logins of bob, one for each last number of an address, and other lines up to a size. */
function batch(number: number, clients: readonly number[], bytes = 0): Batch {
  const stamp = new Date(place.now - 1000 + number).toISOString();
  const logins = clients.map(
    (client) => `${stamp} mx dovecot: imap-login: Login: user=<bob>, rip=198.51.100.${client}`,
  );
  const text = `${logins.join('\n')}\n${`${stamp} mx postfix/qmgr[1]: ${'x'.repeat(KIB)}\n`.repeat(bytes / KIB)}`;
  return { kind: 'lines', bytes: Buffer.from(text), checkpoint: { number }, notices: [] };
}

interface Seen {
  readonly permitted: string[];
  /** Of the checkpoint that is stored. */
  readonly number: unknown;
}

/** Takes `batches` in, and tells what was committed whenever the source was read again. */
async function takeIn(
  batches: readonly Batch[],
  atRead: (read: number, stop: () => void) => void = () => undefined,
): Promise<Seen[]> {
  const seen: Seen[] = [];
  const source = sourceOf({
    read: () => {
      seen.push({ permitted: permitted(store), number: committed(store) });
      atRead(seen.length, () => intake.stop());
      return Promise.resolve(batches[seen.length - 1]);
    },
  });
  const intake = intakeOf(source);
  await intake.start();
  await intake.run();
  seen.push({ permitted: permitted(store), number: committed(store) });
  await intake.close();
  return seen;
}

/** Does nothing but what `parts` do. */
function sourceOf(parts: Partial<LogSource>): LogSource {
  return { id: SOURCE, start: done, read: () => Promise.resolve(undefined), wait: done, stop: done, ...parts };
}

/** Of `source`; it ends where that has nothing more to read. */
function intakeOf(source: LogSource): Intake {
  const wait = source.wait.bind(source);
  source.wait = (signal) => {
    intake.stop();
    return wait(signal);
  };
  const log = createLog({ write: (line) => place.logged.push(line), priorities: false });
  const config = configSchema.parse({});
  const matcher = new Matcher(patterns, SOURCE);
  const intake = new Intake({
    source,
    matcher,
    config,
    store,
    clock,
    log,
    tally,
    onGranted: nothing,
    onRound: nothing,
    onEnded: nothing,
  });
  return intake;
}

function committed(from: Store): unknown {
  const source = from.checkpoint(SOURCE)?.['source'];
  return typeof source === 'object' && source !== null && 'number' in source ? source.number : undefined;
}

test('while a log is followed, a login is committed before the source is read again', async () => {
  const [, first, second] = await takeIn([batch(1, [1]), batch(2, [2])]);
  expect(first).toEqual({ permitted: ['198.51.100.1'], number: 1 });
  expect(second).toEqual({ permitted: ['198.51.100.1', '198.51.100.2'], number: 2 });
});

test('pop-before-smtp, one sync a login: a backlog is committed together with how far it was read, at its end', async () => {
  const backlog = [1, 2, 3].map((number) => batch(number, [number], 64 * KIB));
  const seen = await takeIn([batch(0, [9]), ...backlog]);
  expect(seen.map(({ number }) => number)).toEqual([undefined, 0, 0, 0, 0, 3]);
  expect(seen.map((one) => one.permitted.length)).toEqual([0, 1, 1, 1, 1, 4]);
});

test('a backlog is committed once a second', async () => {
  const backlog = [1, 2, 3, 4].map((number) => batch(number, [number], 64 * KIB));
  const seen = await takeIn([batch(0, [9]), ...backlog], (read) => {
    if (read === 4) place.now += 1000;
  });
  expect(seen.map(({ number }) => number)).toEqual([undefined, 0, 0, 0, 3, 3, 4]);
});

test('a backlog is committed at 64 MiB', async () => {
  const backlog = Array.from({ length: 20 }, (_, number) => batch(number + 1, [number + 1], 4096 * KIB));
  const seen = await takeIn([batch(0, []), ...backlog]);
  expect(new Set(seen.map(({ number }) => number))).toEqual(new Set([undefined, 0, 16, 20]));
}, 120_000);

test('of a client that logs in again and again in a backlog, the last login is kept', async () => {
  await takeIn([batch(1, [1], 64 * KIB), batch(900, [1], 64 * KIB), batch(500, [1], 64 * KIB)]);
  expect(Array.from(store.entries(), ({ logins }) => logins.map(({ at }) => at - place.now))).toEqual([[-100]]);
});

test('a backlog of logouts is committed at 4,000 of them, which are not to fill the memory', async () => {
  const seen = await takeIn([batch(1, [1], 64 * KIB), logouts(2, 3999), logouts(3, 1)]);
  expect(seen.slice(1).map(({ number }) => number)).toEqual([1, 1, 3, 3]);
});

/** Each of a session of its own. */
function logouts(number: number, count: number): Batch {
  const stamp = new Date(place.now - 1000).toISOString();
  const lines = Array.from(
    { length: count },
    (_, id) => `${stamp} mx dovecot: imap(bob)<7><${number}id${id}>: Disconnected: Logged out in=512 out=9120\n`,
  );
  return { kind: 'lines', bytes: Buffer.from(lines.join('')), checkpoint: { number }, notices: [] };
}

test('what was read of a backlog when the daemon stops is committed', async () => {
  const seen = await takeIn([batch(0, []), batch(1, [1], 64 * KIB)], (read, stop) => {
    if (read === 2) stop();
  });
  expect(seen.at(-1)).toEqual({ permitted: [], number: 0 });
  expect([permitted(store), committed(store)]).toEqual([['198.51.100.1'], 1]);
});

test.each([
  ['the grace, where no session is open', undefined, GRACE_MS],
  ['the longest session, where one is open: its logout may be there', 'AbC', MAX_SESSION_MS],
])('lines are of use that are no older than %s', async (_, session, expectedMs) => {
  store = await place.open({ limits: { maxSessionMs: MAX_SESSION_MS } });
  store.record({ logins: [place.login('198.51.100.1', 'bob', { session })] });
  const since: number[] = [];
  await intakeOf(sourceOf({ start: (__, horizonAt) => Promise.resolve(void since.push(horizonAt)) })).start();
  expect(since).toEqual([place.now - expectedMs]);
});

/** A daemon that runs until it has read the file `log`. */
async function readOnce(log: string): Promise<void> {
  const intake = intakeOf(
    createFileSource(log, { clock, watch: false, stampOf: stampOfLine, passByBytes: 1024 * KIB }),
  );
  await intake.start();
  await intake.run();
  await intake.close();
}

function appendLines(log: string, ...messages: readonly string[]): void {
  const stamp = new Date(place.now).toISOString();
  appendFileSync(log, messages.map((message) => `${stamp} mx dovecot: ${message}\n`).join(''));
  utimesSync(log, place.now / 1000, place.now / 1000);
}

const LOGIN = 'imap-login: Login: user=<bob>, rip=198.51.100.1, session=<AbC>';
const LOGOUT = 'imap(bob)<9><AbC>: Disconnected: Logged out';

test('a logout from before the grace ends a session that the store has kept open', async () => {
  const hourAgo = place.now - 2 * GRACE_MS;
  const following = await place.open({ limits: { maxSessionMs: 12 * 2 * GRACE_MS } });
  const opened = { at: hourAgo - MINUTE_MS, expiresAt: hourAgo - MINUTE_MS + GRACE_MS, session: 'AbC' };
  place.now = hourAgo;
  following.record({ logins: [place.login('198.51.100.1', 'bob', opened)] });
  place.now += 2 * GRACE_MS;
  expect(permitted(following)).toEqual(['198.51.100.1']);
  const line = `${new Date(hourAgo).toISOString()} mx dovecot: imap(bob)<9><AbC>: Disconnected: Logged out\n`;
  store = following;
  await takeIn([{ kind: 'lines', bytes: Buffer.from(line), checkpoint: { number: 1 }, notices: [] }]);
  expect(permitted(following)).toEqual([]);
});

test('the logout of an open session is found in a file that was rotated early in an outage longer than the grace', async () => {
  store = await place.open({ limits: { maxSessionMs: MAX_SESSION_MS } });
  const log = path.join(place.parent, 'mail.log');
  appendLines(log, 'imap(amy)<8><Xyz>: Disconnected: Logged out', LOGIN);
  await readOnce(log);
  place.now += 10 * MINUTE_MS;
  appendLines(log, LOGOUT);
  renameSync(log, `${log}.1`);
  place.now += 2 * GRACE_MS;
  appendLines(log, 'master: Warning: SIGHUP received');
  expect(permitted(store)).toEqual(['198.51.100.1']);
  await readOnce(log);
  expect(permitted(store)).toEqual([]);
});

test('after an outage what can no longer matter is passed by, which is told and is no loss', async () => {
  const log = path.join(place.parent, 'mail.log');
  appendLines(log, LOGIN);
  await readOnce(log);
  const [day, from] = [24 * 60, place.now];
  for (place.now += MINUTE_MS; place.now < from + day * MINUTE_MS; place.now += MINUTE_MS) {
    appendLines(
      log,
      ...Array.from({ length: 20 }, () => 'auth-worker(12): Info: conn unix:auth-worker (pid=7,uid=97)'),
    );
  }
  appendLines(log, LOGIN.replace('198.51.100.1', '198.51.100.2'));
  await readOnce(log);
  expect(permitted(store)).toEqual(['198.51.100.2']);
  const counted = tally.source(`file:${log}`, place.now);
  expect(counted.lines).toBeLessThan((day / 4) * 20);
  expect([...counted.dropped.all()]).toEqual([]);
  expect(place.logged.join('')).toMatch(
    /^passed by source=\S+ detail=".*mail.log: \d+ bytes from before 2026-11-25T11:30:00.000Z/m,
  );
});
