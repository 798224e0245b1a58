import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createBuilder } from '../../src/map/build.ts';
import { lookupCdb } from '../../src/map/cdb.ts';
import { MapError } from '../../src/map/map-error.ts';
import { renderMap, sourceText } from '../../src/map/render.ts';
import type { MapTarget } from '../../src/map/target.ts';
import type { MapTools } from '../../src/map/tools.ts';
import { ownMark } from '../../src/presence.ts';
import { until } from './until.ts';
import { asAddress } from './addresses.ts';
import { GOOD_EDITMAP, GOOD_MAKEMAP, GOOD_POSTMAP, standInTools } from './stand-in-tools.ts';

let root: string;
let maps: string;

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'relaypass-build-'));
  maps = path.join(root, 'maps');
  mkdirSync(maps);
});

afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

const ROWS = renderMap('sendmail', ['198.51.100.7', '2001:db8::7'].map(asAddress));
const TEXT = '198.51.100.7\tRELAY\nIPv6:2001:db8:0:0:0:0:0:7\tRELAY\nIPv6:2001:db8::7\tRELAY\nrelaypass:probe\tDUNNO\n';

test('builds a Sendmail map aside, readable for every MTA, and leaves nothing when it is removed', async () => {
  const makemap = `umask 077 # as the daemon runs it\n${GOOD_MAKEMAP}`;
  const built = await createBuilder(tools({ makemap, editmap: GOOD_EDITMAP }))(hash(), ROWS);
  expect(readFileSync(built.file, 'utf8')).toBe(TEXT);
  expect(statSync(built.file).mode & 0o777).toBe(0o644);
  expect(path.dirname(path.dirname(built.file))).toBe(maps);
  await built.remove();
  expect(readdirSync(maps)).toEqual([]);
});

test('reads a Sendmail map back with makemap where there is no editmap', async () => {
  const built = await createBuilder(tools({ makemap: GOOD_MAKEMAP }))(hash(), ROWS);
  expect(readFileSync(built.file, 'utf8')).toBe(TEXT);
});

test('builds a Postfix map', async () => {
  const target: MapTarget = { ...hash(), form: 'postfix', builder: 'postmap' };
  const rows = renderMap('postfix', [asAddress('198.51.100.7')]);
  const built = await createBuilder(tools({ postmap: GOOD_POSTMAP }))(target, rows);
  expect(readFileSync(built.file, 'utf8')).toBe('198.51.100.7\tOK\nrelaypass:probe\tDUNNO\n');
});

/** A command that says what Postfix's tools say of a protocol that the host lacks. */
function warn(which: string): string {
  return `echo 'postmap: warning: inet_protocols: disabling ${which}: not supported' >&2`;
}

test('on a host without IPv6, which each tool of Postfix says first, builds all the same', async () => {
  const postmap = `${warn('IPv6 name/address support')}\n${GOOD_POSTMAP}`;
  const target: MapTarget = { ...hash(), form: 'postfix', builder: 'postmap' };
  const other = `${warn('something else')}\n${postmap}`;
  await expectRefusal(createBuilder(tools({ postmap: other }))(target, ROWS), 'complained');
  await createBuilder(tools({ postmap }))(target, ROWS);
});

test('builds text and cdb maps without any tool', async () => {
  const build = createBuilder(tools({}));
  const addresses = ['198.51.100.7', '2001:db8::7'].map(asAddress);
  const text = await build(native('text'), renderMap('text', addresses));
  expect(readFileSync(text.file, 'utf8')).toBe('198.51.100.7\n2001:db8::7\n');
  const cdb = await build(native('cdb'), renderMap('postfix', addresses));
  expect(lookupCdb(readFileSync(cdb.file), '2001:db8::7')).toBe('OK');
});

const MANY = Array.from({ length: 50_000 }, (_, index) => asAddress(`10.0.${index >> 8}.${index & 255}`));

const WHOLE = 'cat > "$6.db"';

test.each([
  [
    'exits 65 with the good lines written',
    `${WHOLE}; echo 'makemap: line 1: duplicate key' >&2; exit 65`,
    'status 65: makemap: line 1',
  ],
  ['fails without a word', 'exit 73', 'status 73'],
  ['complains and exits 0', `${WHOLE}; echo 'no space left' >&2`, 'complained: no space left'],
  ['writes half of the file and exits 0', 'head -c 50 > "$6.db"', 'lacks its last row, relaypass:probe'],
  ['writes nothing and exits 0', 'true', 'cannot be built: no map was written'],
  ['is killed', 'kill -9 $$', 'was killed by SIGKILL'],
  ['hangs', 'sleep 1000', 'did not finish in 0.5 s and was killed'],
  ['hangs where no signal to its group reaches', 'setsid sleep 10', 'did not finish in 0.5 s and was killed'],
  ['complains without end', 'yes "hash: no space left on device" >&2', 'said too much and was killed'],
  ['cannot be run', null, 'cannot be run'],
])('refuses the map of a makemap that %s', async (_fault, makemap, reason) => {
  const found = tools({ makemap: makemap ?? '', editmap: GOOD_EDITMAP });
  if (makemap === null) chmodSync(path.join(root, 'makemap'), 0o600);
  await expectRefusal(createBuilder(found, 500)(hash(), ROWS), reason);
});

test.each([
  ['does not answer', 'sleep 1000', 'did not finish'],
  ['finds another value', 'echo RELAY', 'lacks its last row, relaypass:probe'],
])('refuses a map when the tool that reads it back %s', async (_fault, editmap, reason) => {
  const build = createBuilder(tools({ makemap: GOOD_MAKEMAP, editmap }), 500);
  await expectRefusal(build(hash(), ROWS), reason);
});

test('gives a tool more than a pipe holds', async () => {
  const rows = renderMap('sendmail', MANY);
  const built = await createBuilder(tools({ makemap: GOOD_MAKEMAP, editmap: GOOD_EDITMAP }))(hash(), rows);
  expect(readFileSync(built.file, 'utf8')).toBe(sourceText(rows));
});

test('tells how a tool fared that has left before it had read all', async () => {
  const makemap = 'echo "makemap: cannot write" >&2; exit 74';
  await expectRefusal(
    createBuilder(tools({ makemap }))(hash(), renderMap('sendmail', MANY)),
    'status 74: makemap: cannot',
  );
});

test('kills what a hanging tool has started, too', async () => {
  const build = createBuilder(tools({ makemap: 'sleep 1000 & echo $! > ../../pid; sleep 1000' }), 500);
  await expectRefusal(build(hash(), ROWS), 'did not finish');
  const pid = Number(readFileSync(path.join(root, 'pid'), 'utf8'));
  await until(() => hasEnded(pid));
});

test('says which tool is missing', async () => {
  await expectRefusal(createBuilder(tools({}))(hash(), ROWS), 'makemap was not found on this host');
});

test('says which folder is missing', async () => {
  const target = { ...native('text'), file: path.join(maps, 'none', 'list') };
  await expectRefusal(createBuilder(tools({}))(target, []), `${target.file}: no folder can be made beside it`);
});

test('shows no control character of what a tool said', async () => {
  const build = createBuilder(tools({ makemap: `printf 'bad\\033[2Jkey\\n' >&2; exit 1` }));
  await expectRefusal(build(hash(), ROWS), 'bad\\u{1b}[2Jkey');
});

test('gives the tools no more of the environment than they need', async () => {
  process.env['RELAYPASS_SECRET'] = 'x';
  try {
    await expectRefusal(createBuilder(tools({ makemap: 'env >&2' }))(hash(), ROWS), 'PATH=/usr/bin:/bin');
    await expectRefusal(
      createBuilder(tools({ makemap: '[ -z "$RELAYPASS_SECRET" ] || echo leaked >&2; exit 9' }))(hash(), ROWS),
      'status 9',
    );
  } finally {
    delete process.env['RELAYPASS_SECRET'];
  }
});

test('sweeps away what a killed builder left, and only that', async () => {
  const { pid, startTicks } = ownMark();
  const [dead, alive] = [folderOf(deadPid(), startTicks), folderOf(pid, startTicks)];
  const hadOurPid = folderOf(pid, '1'); // in a container that is always the same
  for (const folder of [dead, alive, hadOurPid]) mkdirSync(folder);
  writeFileSync(path.join(dead, '__db.map.db'), '');
  await createBuilder(tools({ makemap: GOOD_MAKEMAP, editmap: GOOD_EDITMAP }))(hash(), ROWS);
  expect(existsSync(dead)).toBe(false);
  expect(existsSync(hadOurPid)).toBe(false);
  expect(existsSync(alive)).toBe(true);
});

test('fails on a full disk and leaves the map that stands', async () => {
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', maps]).status !== 0) {
    process.stderr.write('skipped: no small file system can be mounted here (needs root)\n');
    return;
  }
  try {
    const target = native('text');
    writeFileSync(target.file, '198.51.100.7\n');
    await expect(createBuilder(tools({}))(target, renderMap('text', MANY))).rejects.toThrow('ENOSPC');
    expect(readdirSync(maps)).toEqual(['list']);
    expect(readFileSync(target.file, 'utf8')).toBe('198.51.100.7\n');
  } finally {
    spawnSync('umount', [maps]);
  }
});

async function expectRefusal(build: Promise<unknown>, reason: string): Promise<void> {
  await expect(build).rejects.toThrow(MapError);
  await expect(build).rejects.toThrow(reason);
  expect(readdirSync(maps)).toEqual([]);
}

function tools(scripts: Record<string, string>): MapTools {
  return standInTools(root, scripts);
}

function hash(): MapTarget {
  const file = path.join(maps, 'popauth');
  return { form: 'sendmail', type: 'hash', builder: 'makemap', path: file, file: `${file}.db` };
}

function native(type: 'text' | 'cdb'): MapTarget {
  const file = path.join(maps, 'list');
  return { form: type === 'text' ? 'text' : 'postfix', type, builder: 'native', path: file, file };
}

/** A killed process stays a zombie until whoever adopts it looks. */
function hasEnded(pid: number): boolean {
  const status = `/proc/${pid}/status`;
  return !existsSync(status) || readFileSync(status, 'utf8').includes('State:\tZ');
}

/** Where a process with this mark would build. */
function folderOf(pid: number, startTicks: string): string {
  return path.join(maps, `.popauth.db.build-${pid}-${startTicks}-abc123`);
}

function deadPid(): number {
  return spawnSync('true').pid;
}
