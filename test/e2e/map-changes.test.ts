/** Maps changed in a copy by the MTAs' own tools, against the same maps built of all their rows. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import type { MapConfig } from '../../src/config/schema.ts';
import type { Address } from '../../src/login/address.ts';
import { createAmender } from '../../src/map/amend.ts';
import { createBuilder } from '../../src/map/build.ts';
import { dumpMap } from '../../src/map/dump.ts';
import { mapHolds } from '../../src/map/inspect.ts';
import { renderMap, renderRows, sourceText } from '../../src/map/render.ts';
import { resolveMaps, type MapTarget } from '../../src/map/target.ts';
import { hostTools, type MapTools } from '../../src/map/tools.ts';
import { anyAddress, anyNetwork, asAddress } from '../map/addresses.ts';
import { libdbTools, postfixTools, sendmailTools } from './lab/tools.ts';

const sendmail = toolsOf(sendmailTools()?.env);
const postfix = toolsOf(postfixTools()?.env);
const libdb = libdbTools();
const ifSendmail = sendmail?.find('editmap') === undefined ? test.skip : test; // neither installed nor fetched
const ifPostfix = postfix === undefined ? test.skip : test;

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'relaypass-map-changes-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

ifSendmail.each([
  [{ type: 'hash' }],
  [{ type: 'hash', native: false }],
  [{ type: 'btree' }],
  [{ type: 'hash', form: 'connect' }],
  [{ type: 'btree', form: 'poprelayd' }],
] as const)('a map of Sendmail (%j) is after any changes as if it had been built', async (config) => {
  await expectSame({ mta: 'sendmail', ...config }, sendmail);
});

ifPostfix.each([
  [{ type: 'hash' }],
  [{ type: 'hash', native: false }],
  [{ type: 'btree' }],
  [{ type: 'lmdb' }],
  [{ type: 'hash', form: 'pop-before-smtp' }],
] as const)('a map of Postfix (%j) is after any changes as if it had been built', async (config) => {
  await expectSame({ mta: 'postfix', ...config }, postfix);
});

test.each([
  ['Sendmail', sendmail, { mta: 'sendmail', type: 'hash' }],
  ['Postfix', postfix, { mta: 'postfix', type: 'hash' }],
] as const)(
  'a large hash map of %s stands thousands of changes, and its tool goes on with it',
  async (_mta, tools, config) => {
    if (tools === undefined) return;
    const [target] = resolveMaps([config], folder, tools);
    if (target === undefined) throw new Error('no map');
    const all = Array.from({ length: 6000 }, (_, index) => asAddress(`10.${index % 7}.${index >> 8}.${index & 255}`));
    await build(target, all.slice(0, 3000), tools);
    let set = new Set(all.slice(0, 3000));
    for (let turn = 1; turn <= 5; turn++) {
      const next = new Set(all.filter((_, index) => (index * 7919) % 11 > turn));
      await change(
        target,
        [...next].filter((each) => !set.has(each)),
        [...set].filter((each) => !next.has(each)),
        tools,
      );
      set = next;
      verify(target);
    }
    putByItsTool(target, all, tools); // which splits buckets
    verify(target);
    const changed = await dump(target, tools);
    await build(target, all, tools);
    expect(changed).toEqual(await dump(target, tools));
  },
);

const set = fc.uniqueArray(fc.oneof({ weight: 4, arbitrary: anyAddress }, { weight: 1, arbitrary: anyNetwork }), {
  maxLength: 40,
});
const sets = fc.array(set, { minLength: 2, maxLength: 4 });

async function expectSame(config: MapConfig, tools: MapTools = hostTools()): Promise<void> {
  const [target] = resolveMaps([config], folder, tools);
  if (target === undefined) throw new Error('no map');
  await fc.assert(
    fc.asyncProperty(sets, async ([first = [], ...rest]) => {
      await build(target, first, tools);
      let before = new Set(first);
      for (const addresses of rest) {
        const now = new Set(addresses);
        await change(
          target,
          [...now].filter((each) => !before.has(each)),
          [...before].filter((each) => !now.has(each)),
          tools,
        );
        before = now;
      }
      const changed = await dump(target, tools);
      for (const address of before) expect(await mapHolds(target, address, tools)).toBe(holds(target, address));
      verify(target);
      await build(target, [...before], tools);
      expect(changed).toEqual(await dump(target, tools));
    }),
    { numRuns: 8 },
  );
}

function putByItsTool({ builder, path: map, form }: MapTarget, addresses: readonly Address[], tools: MapTools): void {
  const [tool, args] =
    builder === 'postmap'
      ? (['postmap', ['-i', '-r', `hash:${map}`]] as const)
      : (['makemap', ['-C', '/dev/null', '-o', '-r', 'hash', path.basename(map)]] as const);
  const input = sourceText(renderRows(form, addresses));
  const { status, stderr } = spawnSync(tools.find(tool) ?? tool, args, { cwd: folder, env: tools.env, input });
  expect([status, stderr.toString()]).toEqual([0, '']);
}

/** Some addresses have no key in some forms, or none that postmap takes. */
function holds(target: MapTarget, address: Address): boolean {
  return renderRows(target.form, [address]).some(({ key }) => takes(target, key));
}

/** Has libdb look at every page of its file. */
function verify({ file, type }: MapTarget): void {
  if (libdb === undefined || (type !== 'hash' && type !== 'btree')) return;
  const command = path.join(libdb.folder, 'db5.3_verify');
  const { status, stdout, stderr } = spawnSync(command, [file], { env: libdb.env, encoding: 'utf8' });
  expect([status, stderr]).toEqual([0, '']);
  expect(stdout).toMatch('succeeded');
}

async function build(target: MapTarget, addresses: readonly Address[], tools: MapTools): Promise<void> {
  const rows = renderMap(target.form, addresses).filter(({ key }) => takes(target, key));
  const built = await createBuilder(tools)(target, rows);
  renameSync(built.file, target.file);
  await built.remove();
}

async function change(target: MapTarget, came: Address[], went: Address[], tools: MapTools): Promise<void> {
  const rowsOf = (addresses: Address[]) => renderRows(target.form, addresses).filter(({ key }) => takes(target, key));
  const remove = rowsOf(went).map(({ key }) => key);
  const amended = await createAmender(tools).amend(target, { put: rowsOf(came), remove });
  renameSync(amended.file, target.file);
  await amended.remove();
}

function takes({ builder }: MapTarget, key: string): boolean {
  return builder !== 'postmap' || !key.endsWith(':');
}

async function dump(target: MapTarget, tools: MapTools): Promise<string[]> {
  if (target.builder === 'native') throw new Error('no tool built it');
  const means = { tools, timeoutMs: 30_000 };
  const text = await dumpMap(
    target,
    { tool: target.builder, type: target.type, cwd: folder, name: path.basename(target.path) },
    means,
  );
  return text.split('\n').toSorted();
}

function toolsOf(env: Readonly<Record<string, string>> | undefined): MapTools | undefined {
  return env && hostTools(env);
}
