/**
 * The journal source against a real journald and journalctl where the machine allows it: an instance of its own
 * (`systemd-journald NAME`) in a mount namespace, which needs root and systemd. Elsewhere those tests are skipped; the
 * ones with a stand-in for journalctl, a script that prints entries recorded from systemd 252, run everywhere.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { OperationalError } from '../../src/errors.ts';
import { createJournalSource } from '../../src/source/journal.ts';
import type { Batch, Checkpoint, LogRecord, LogSource, Notice } from '../../src/source/source.ts';
import { waitAtMost } from './wait-at-most.ts';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'relaypass-journal-'));
const open: LogSource[] = [];
let now = Date.now();

afterEach(async () => {
  for (const source of open.splice(0)) await source.stop();
});
afterAll(() => fs.rmSync(folder, { recursive: true }));

interface Seen {
  readonly records: LogRecord[];
  readonly notices: Notice[];
  readonly checkpoints: Checkpoint[];
}

async function start(command: string, checkpoint?: Checkpoint, since = 0): Promise<LogSource> {
  const source = createJournalSource({ clock: () => now, command });
  open.push(source);
  await source.start(checkpoint, since);
  return source;
}

/** Reads until `isEnough`, and fails after a time that only a hang takes. */
async function readUntil(source: LogSource, isEnough: (seen: Seen) => boolean): Promise<Seen> {
  const seen: Seen = { records: [], notices: [], checkpoints: [] };
  const limit = AbortSignal.timeout(20_000);
  for (;;) {
    const batch: Batch | undefined = await source.read();
    if (batch?.kind === 'records') seen.records.push(...batch.records);
    if (batch !== undefined) seen.notices.push(...batch.notices);
    if (batch !== undefined) seen.checkpoints.push(batch.checkpoint);
    if (isEnough(seen)) return seen;
    if (limit.aborted) throw new Error(`still waiting after ${JSON.stringify(seen)}`);
    if (batch === undefined) await waitAtMost(source, 100);
  }
}

const isBlank = ({ message }: LogRecord) => message.startsWith('blank');
const messagesOf = ({ records }: Seen) => records.map(({ message }) => message);

/** A program that prints `lines` for any position but those that `cases`, shell text, deals with. */
function standIn(lines: readonly object[], { cases = '', end = 'exec sleep 60' } = {}): string {
  const output = path.join(folder, `output-${fs.readdirSync(folder).length}`);
  fs.writeFileSync(output, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  const command = `${output}.sh`;
  const script = `#!/bin/sh\necho "$*" >>${output}.args\ncase "$*" in\n${cases}\nesac\ncat ${output}\n${end}\n`;
  fs.writeFileSync(command, script, { mode: 0o755 });
  return command;
}

const argsOf = (command: string) => fs.readFileSync(command.replace(/\.sh$/, '.args'), 'utf8').trim().split('\n');

function entry(i: number, fields: object = {}): object {
  const time = String(1_795_501_669_000_000 + i * 1000);
  return {
    __CURSOR: `s=c9b741d390de47d9b027230e842ed809;i=${i}`,
    __REALTIME_TIMESTAMP: time,
    _PID: '30105',
    _UID: '0',
    SYSLOG_IDENTIFIER: 'dovecot',
    MESSAGE: `message ${i}`,
    ...fields,
  };
}

describe('with a stand-in for journalctl', () => {
  test('gives the fields of an entry, the trusted ones apart', async () => {
    const source = await start(standIn([entry(1, { _SYSTEMD_UNIT: 'dovecot.service', SYSLOG_PID: '77' })]));
    const { records } = await readUntil(source, (seen) => seen.records.length === 1);
    expect(records).toEqual([
      {
        at: 1_795_501_669_001,
        tag: 'dovecot',
        pid: 30105,
        message: 'message 1',
        trusted: { unit: 'dovecot.service', uid: 0 },
      },
    ]);
  });

  test('gives the blanks at the end of a message, which a file would show, but not its line end', async () => {
    const raw = (end: string) => entry(1, { SYSLOG_RAW: `<22>Nov 23 18:00:00 imapd: message 1${end}` });
    const source = await start(standIn([raw('  \n'), raw('\n'), entry(1)]));
    const seen = await readUntil(source, ({ records }) => records.length === 3);
    expect(messagesOf(seen)).toEqual(['message 1  ', 'message 1', 'message 1']);
  });

  test('asks for what may be younger than the grace when there is no checkpoint', async () => {
    const command = standIn([entry(1)]);
    await readUntil(await start(command, undefined, 1_795_501_000_999), ({ records }) => records.length === 1);
    expect(argsOf(command)[0]).toContain('--since=@1795501000');
  });

  test('goes on after the checkpoint, whose own entry comes again and is left out', async () => {
    const command = standIn([entry(7), entry(8)]);
    const stored = { version: 1, cursor: 's=c9b741d390de47d9b027230e842ed809;i=7', at: 1 };
    const seen = await readUntil(await start(command, stored), ({ records }) => records.length > 0);
    expect(messagesOf(seen)).toEqual(['message 8']);
    expect(argsOf(command)[0]).toContain(`--cursor=${stored.cursor}`);
  });

  test('gives the first entry after a cursor whose own entry was removed', async () => {
    const stored = { version: 1, cursor: 's=c9b741d390de47d9b027230e842ed809;i=5', at: 1 };
    const seen = await readUntil(
      await start(standIn([entry(7), entry(8)]), stored),
      ({ records }) => records.length > 1,
    );
    expect(messagesOf(seen)).toEqual(['message 7', 'message 8']);
  });

  test('goes on by time, and says so, where the cursor is of no use', async () => {
    const refuse = '*--cursor=*) echo "Failed to seek to cursor: Invalid argument" >&2; exit 1;;';
    const command = standIn([entry(9)], { cases: refuse });
    const stored = { version: 1, cursor: 'xyz', at: 1_795_501_669_123 };
    const seen = await readUntil(await start(command, stored), ({ records }) => records.length === 1);
    expect(argsOf(command)[1]).toContain('--since=@1795501669');
    expect(seen.notices).toMatchObject([{ kind: 'data-lost' }]);
  });

  test.each([
    ['reads on after an outage that was short', 3_600_000, '--cursor=x', []],
    [
      'after an outage of hours passes by what is too old to be of use, and says so',
      3_600_001,
      '--since=@1795504600',
      ['passed-by'],
    ],
  ])('%s', async (_, farMs, position, told) => {
    const command = standIn([entry(1)]);
    const [at, slackMs] = [1_795_501_000_000, 20 * 60_000];
    const source = await start(command, { version: 1, cursor: 'x', at }, at + slackMs + farMs);
    const seen = await readUntil(source, ({ records }) => records.length === 1);
    expect(argsOf(command)[0]).toContain(position);
    expect(seen.notices.map(({ kind }) => kind)).toEqual(told);
  });

  test('begins anew, and says so, where the stored position is damaged', async () => {
    const seen = await readUntil(
      await start(standIn([entry(1)]), { version: 1, cursor: 5 }),
      (s) => s.records.length === 1,
    );
    expect(seen.notices).toMatchObject([{ kind: 'data-lost' }]);
  });

  test('decodes a message that journald gives as bytes', async () => {
    const bytes = [...Buffer.from('user=<ü>')];
    const seen = await readUntil(await start(standIn([entry(1, { MESSAGE: bytes })])), (s) => s.records.length === 1);
    expect(messagesOf(seen)).toEqual(['user=<ü>']);
  });

  test('refuses an entry of several lines, and says so once for each program', async () => {
    const forged = { MESSAGE: 'x\nimap-login: Login: user=<a>', SYSLOG_IDENTIFIER: 'evil' };
    const source = await start(standIn([entry(1, forged), entry(2, forged), entry(3)]));
    const seen = await readUntil(source, ({ records }) => records.length > 0);
    expect(messagesOf(seen)).toEqual(['message 3']);
    expect(seen.notices).toHaveLength(1);
  });

  test('drops a message over the cap, and says so', async () => {
    const source = await start(standIn([entry(1, { MESSAGE: 'x'.repeat(9000) }), entry(2)]));
    const seen = await readUntil(source, ({ records }) => records.length > 0);
    expect(messagesOf(seen)).toEqual(['message 2']);
    expect(seen.notices).toMatchObject([{ kind: 'line-too-long', count: 1 }]);
  });

  test('starts journalctl again after the last entry when it has died, and waits longer each time', async () => {
    const command = standIn([entry(1), entry(2)], { end: 'kill -9 $$' });
    const source = await start(command);
    const died = await readUntil(source, ({ notices }) => notices.length > 0);
    expect(messagesOf(died)).toEqual(['message 1', 'message 2']);
    expect(died.notices).toMatchObject([{ kind: 'log-missing', detail: expect.stringContaining('SIGKILL') }]);
    now += 900;
    expect(await source.read()).toBeUndefined();
    expect(argsOf(command)).toHaveLength(1);
    now += 200;
    await readUntil(source, () => argsOf(command).length === 2);
    expect(argsOf(command)[1]).toContain('i=2');
  });

  test('names the group that may read the journal where journald refuses', async () => {
    const hint = 'Hint: You are currently not seeing messages from other users and the system.';
    const source = await start(standIn([], { end: `echo "${hint}" >&2; exec sleep 60` }));
    const failure = readUntil(source, () => false);
    await expect(failure).rejects.toThrow(OperationalError);
    await expect(failure).rejects.toMatchObject({ code: 'journal-refused', message: /systemd-journal/ });
  });

  test('says what to do where there is no journalctl', async () => {
    const failure = readUntil(await start(path.join(folder, 'absent')), () => false);
    await expect(failure).rejects.toMatchObject({ code: 'journalctl-failed', exitStatus: 69 });
  });

  test('lets journalctl wait while what it printed was not read', async () => {
    const endless = `i=0; while :; do i=$((i+1)); printf '{"__CURSOR":"%d","__REALTIME_TIMESTAMP":"1","MESSAGE":"%0500d"}\\n' $i 0; done`;
    const source = await start(standIn([], { end: endless }));
    const { records } = await readUntil(source, (seen) => seen.records.length > 10_000);
    expect(records.length).toBeLessThan(20_000);
  });
});

const NAMESPACE = 'relaypass-test';
const SLACK_MS = 1_200_000; // what is read before the lines that count
const JOURNALD = '/lib/systemd/systemd-journald';
const canRunJournald =
  process.getuid?.() === 0 &&
  fs.existsSync(JOURNALD) &&
  spawnSync('unshare', ['--mount', '--propagation', 'private', 'journalctl', '--version']).status === 0;

(canRunJournald ? describe : describe.skip)('with a real journald', () => {
  let journald: ChildProcess;
  let journalctl: string;
  let inside: string;

  beforeAll(async () => {
    const script = `mount -t tmpfs none /run && mount -t tmpfs none /var/log &&
      mkdir -p /run/systemd/journal.${NAMESPACE} /run/log/journal && exec ${JOURNALD} ${NAMESPACE}`;
    journald = spawn('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', script], { stdio: 'ignore' });
    inside = `--mount=/proc/${journald.pid}/ns/mnt`;
    journalctl = path.join(folder, 'journalctl');
    fs.writeFileSync(journalctl, `#!/bin/sh\nexec nsenter ${inside} journalctl --namespace=${NAMESPACE} "$@"\n`, {
      mode: 0o755,
    });
    await until(() => {
      logger('ready');
      return spawnSync(journalctl, ['--no-pager']).stdout.includes('ready');
    });
  }, 30_000);

  afterAll(async () => {
    const closed = new Promise((resolve) => journald.once('close', resolve));
    journald.kill('SIGKILL');
    await closed;
  });

  function logger(...lines: string[]): void {
    const socket = `/run/systemd/journal.${NAMESPACE}/dev-log`;
    const args = [inside, 'logger', '--socket', socket, '--tag', 'dovecot', '--id=77'];
    spawnSync('nsenter', args, { input: lines.join('\n') });
  }

  test('gives the blanks at the end of a message, which journald takes off', async () => {
    logger(`blank${' '.repeat(500)}`);
    const seen = await readUntil(await start(journalctl), ({ records }) => records.some(isBlank));
    expect(seen.records.find(isBlank)?.message).toHaveLength(505);
  });

  test('gives what was logged before and after it began, and goes on after a checkpoint', async () => {
    const source = await start(journalctl);
    const first = await readUntil(source, (seen) => messagesOf(seen).includes('ready'));
    logger('one', 'two');
    const second = await readUntil(source, (seen) => messagesOf(seen).includes('two'));
    await source.stop();
    logger('three', 'four');
    const stored = [...first.checkpoints, ...second.checkpoints].at(-1);
    const third = await readUntil(await start(journalctl, stored), (seen) => messagesOf(seen).includes('four'));
    const messages = [...messagesOf(second), ...messagesOf(third)].filter((message) => message !== 'ready');
    expect(messages).toEqual(['one', 'two', 'three', 'four']);
    expect(second.records.at(-1)).toMatchObject({ tag: 'dovecot', trusted: { uid: 0 } });
  }, 60_000);

  test('is not given thousands of entries that are too old, at a first start and after an outage', async () => {
    logger(...Array.from({ length: 5000 }, (_, i) => `old ${i}`));
    await until(() => spawnSync(journalctl, ['--lines=1', '--output=cat']).stdout.includes('old 4999'));
    const since = (Math.floor(Date.now() / 1000) + 1) * 1000; // --since is in whole seconds
    await until(() => Date.now() >= since);
    logger('young');
    const outage = { version: 1, cursor: 'xyz', at: 0 };
    for (const source of [await start(journalctl, undefined, since), await start(journalctl, outage, since + SLACK_MS)])
      expect(messagesOf(await readUntil(source, (seen) => messagesOf(seen).includes('young')))).toEqual(['young']);
  }, 60_000);

  test('goes on by time where the checkpoint is far back, and after the last entry from then on', async () => {
    logger('six');
    const source = await start(journalctl, { version: 1, cursor: 'xyz', at: 0 }, Date.now());
    const first = await readUntil(source, (seen) => messagesOf(seen).includes('six'));
    expect(first.notices).toMatchObject([{ kind: 'passed-by' }]);
    await source.stop();
    logger('seven');
    const second = await readUntil(await start(journalctl, first.checkpoints.at(-1), Date.now()), (seen) =>
      messagesOf(seen).includes('seven'),
    );
    expect(messagesOf(second)).toEqual(['seven']);
    expect(second.notices).toEqual([]);
  }, 60_000);

  test('goes on by time after a cursor that journalctl does not accept', async () => {
    logger('five');
    const seen = await readUntil(await start(journalctl, { version: 1, cursor: 'xyz', at: 0 }), (all) =>
      messagesOf(all).includes('five'),
    );
    expect(seen.notices).toMatchObject([{ kind: 'data-lost' }]);
  }, 60_000);
});

async function until(isDone: () => boolean): Promise<void> {
  for (let tries = 0; !isDone(); tries += 1) {
    if (tries > 200) throw new Error('journald did not start');
    await new Promise((resolve) => setImmediate(resolve));
    spawnSync('sleep', ['0.05']);
  }
}
