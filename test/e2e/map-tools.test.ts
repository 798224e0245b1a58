/** The maps as the MTAs' own tools build and read them: every type and form, and what must never be found. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, readFileSync, renameSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { MapConfig } from '../../src/config/schema.ts';
import { readRows } from '../../src/import/read.ts';
import { NO_BASE } from '../../src/map/base.ts';
import { createBuilder } from '../../src/map/build.ts';
import { mapHolds } from '../../src/map/inspect.ts';
import { renderMap } from '../../src/map/render.ts';
import { prepareStandIn, putStandIn } from '../../src/map/stand-in.ts';
import { mapFile, resolveMaps, type MapTarget } from '../../src/map/target.ts';
import { hostTools, type MapTools } from '../../src/map/tools.ts';
import { asAddress } from '../map/addresses.ts';
import { postfixTools, sendmailTools } from './lab/tools.ts';

const sendmail = toolsOf(sendmailTools()?.env);
const postfix = toolsOf(postfixTools()?.env);

const ifSendmail = sendmail === undefined ? test.skip : test; // no makemap here, and RELAYPASS_E2E does not require it
const ifPostfix = postfix === undefined ? test.skip : test;

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'relaypass-map-tools-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const ADDRESSES = ['198.51.100.7', '2001:db8::7', '2001:db8:1:2:3:4:5:6'].map(asAddress);
const SENDMAIL_KEYS = [
  '198.51.100.7',
  'ipv6:2001:db8:0:0:0:0:0:7',
  'ipv6:2001:db8:1:2:3:4:5:6',
  'ipv6:2001:db8::7', // as Sendmail 8.14 looks it up
];

ifSendmail.each(['hash', 'btree'])('makemap builds a %s map that holds both spellings of IPv6', async (type) => {
  const target = await build({ mta: 'sendmail', type }, sendmail);
  const { stdout } = run(sendmail, 'makemap', ['-C', '/dev/null', '-u', type, path.basename(target.path)]);
  expect(stdout.trimEnd().split('\n').toSorted()).toEqual([
    ...SENDMAIL_KEYS.map((key) => `${key}\tRELAY`),
    'relaypass:probe\tDUNNO',
  ]);
});

ifPostfix.each(['hash', 'btree', 'lmdb', 'cdb'])(
  'postmap finds in a %s map each address and no network',
  async (type) => {
    const target = await build({ mta: 'postfix', type }, postfix);
    for (const address of ADDRESSES) expect(query(type, target, address)).toBe('OK\n');
    for (const key of ['198.51.100.8', '198.51.100', '198', '2001:db8', '2001', 'unknown', '']) {
      expect(query(type, target, key)).toBe('');
    }
  },
);

ifPostfix('writes the same bytes as postmap in a cdb map', async () => {
  const target = await build({ mta: 'postfix', type: 'cdb' }, postfix);
  const byPostmap = await buildInto(
    { ...target, builder: 'postmap', path: `${target.path}2`, file: mapFile(`${target.path}2`, 'cdb') },
    postfix,
  );
  expect(readFileSync(target.file).equals(readFileSync(byPostmap.file))).toBe(true);
});

ifPostfix('postmap reads an emptied map as an empty one', async () => {
  const target = await build({ mta: 'postfix', type: 'hash' }, postfix);
  await prepareStandIn(target, NO_BASE, createBuilder(postfix ?? hostTools()));
  putStandIn(target, NO_BASE);
  const { stdout, stderr } = run(postfix, 'postmap', ['-s', `hash:${target.path}`]);
  expect([stdout, stderr]).toEqual(['relaypass:probe\tDUNNO\n', '']);
});

ifSendmail.each(['hash', 'btree'])('tells who is in a %s map of Sendmail', async (type) => {
  await expectHolds(await build({ mta: 'sendmail', type }, sendmail), sendmail);
  await expectHolds(await build({ mta: 'sendmail', type, form: 'connect' }, sendmail), sendmail);
});

ifPostfix.each(['hash', 'btree', 'lmdb', 'cdb'])('tells who is in a %s map of Postfix', async (type) => {
  await expectHolds(await build({ mta: 'postfix', type }, postfix), postfix);
});

ifSendmail.each(['hash', 'btree'])('imports a %s map that makemap built, as poprelayd has it', async (type) => {
  const { file } = await build({ mta: 'sendmail', type, form: 'poprelayd' }, sendmail);
  expect((await imported(file, sendmail)).toSorted()).toEqual([...SENDMAIL_KEYS, 'relaypass:probe'].toSorted());
});

ifPostfix.each(['hash', 'btree', 'lmdb', 'cdb'])('imports a %s map that postmap built', async (type) => {
  const { file } = await build({ mta: 'postfix', type }, postfix);
  expect((await imported(file, postfix)).toSorted()).toEqual([...ADDRESSES, 'relaypass:probe'].toSorted());
});

/** The keys of a map that has a name of another kind. */
async function imported(file: string, tools: MapTools | undefined): Promise<string[]> {
  const given = path.join(folder, 'given');
  renameSync(file, given);
  return (await readRows(given, tools ?? hostTools())).map(({ key }) => key);
}

async function expectHolds(target: MapTarget, tools: MapTools | undefined): Promise<void> {
  for (const address of ADDRESSES) expect(await mapHolds(target, address, tools ?? hostTools())).toBe(true);
  expect(await mapHolds(target, asAddress('198.51.100.8'), tools ?? hostTools())).toBe(false);
  rmSync(target.file);
  await expect(mapHolds(target, asAddress('198.51.100.7'), tools ?? hostTools())).rejects.toThrow(target.file);
}

async function build(config: MapConfig, tools: MapTools | undefined): Promise<MapTarget> {
  const [target] = resolveMaps([config], folder, tools ?? hostTools());
  if (target === undefined) throw new Error('no map');
  return buildInto(target, tools);
}

async function buildInto(target: MapTarget, tools: MapTools | undefined): Promise<MapTarget> {
  const built = await createBuilder(tools ?? hostTools())(target, renderMap(target.form, ADDRESSES));
  renameSync(built.file, target.file);
  await built.remove();
  return target;
}

function query(type: string, target: MapTarget, key: string): string {
  return run(postfix, 'postmap', ['-q', key, `${type}:${target.path}`]).stdout;
}

function run(tools: MapTools | undefined, tool: 'makemap' | 'postmap', args: string[]) {
  return spawnSync(tools?.find(tool) ?? tool, args, { cwd: folder, env: tools?.env, encoding: 'utf8' });
}

function toolsOf(env: Readonly<Record<string, string>> | undefined): MapTools | undefined {
  return env && hostTools(env);
}
