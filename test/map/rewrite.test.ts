import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import type { Address } from '../../src/login/address.ts';
import { createAmender } from '../../src/map/amend.ts';
import { createBuilder } from '../../src/map/build.ts';
import { readCdb } from '../../src/map/cdb.ts';
import { MapError } from '../../src/map/map-error.ts';
import { renderMap, renderRows, SENTINEL, type MapRow } from '../../src/map/render.ts';
import type { MapTarget } from '../../src/map/target.ts';
import { anyAddress, anyNetwork, asAddress } from './addresses.ts';

const NO_TOOLS = { find: () => undefined, env: {} };
const build = createBuilder(NO_TOOLS);
const amender = createAmender(NO_TOOLS);

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'relaypass-rewrite-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

const set = fc.uniqueArray(fc.oneof({ weight: 4, arbitrary: anyAddress }, { weight: 1, arbitrary: anyNetwork }), {
  maxLength: 30,
});

test.each(['text', 'cdb'] as const)(
  'gives the bytes of a %s map that was built of the same addresses',
  async (type) => {
    const target = targetOf(type);
    await fc.assert(
      fc.asyncProperty(set, fc.infiniteStream(fc.integer({ min: 1, max: 3 })), async (addresses, when) => {
        const times = addresses.map((address) => ({ address, time: Number(when.next().value) }));
        const at = (time: number) => times.filter((each) => (each.time & time) > 0).map(({ address }) => address);
        const [before, after] = [at(1), at(2)];
        await put(target, renderMap(target.form, before));
        await change(target, before, after);
        const changed = readFileSync(target.file);
        await put(target, renderMap(target.form, after));
        expect(changed.equals(readFileSync(target.file))).toBe(true);
      }),
      { numRuns: 40 },
    );
  },
);

test("leaves an admin's rows where they are, before ours", async () => {
  const target = { ...targetOf('cdb'), base: '/etc/postfix/access' };
  const base = ['zebra.example', 'ant.example'].map((key) => ({ key, value: 'REJECT' }));
  const addresses = ['198.51.100.7', '198.51.100.8', '198.51.100.6'].map(asAddress);
  await put(target, [...base, ...renderMap('postfix', addresses.slice(0, 2))]);
  await change(target, addresses.slice(0, 2), addresses.slice(1));
  const rows = readCdb(readFileSync(target.file));
  expect(rows).toEqual([...base, ...['198.51.100.8', '198.51.100.6'].map((key) => ({ key, value: 'OK' })), SENTINEL]);
});

test.each(['text', 'cdb'] as const)('changes no %s map that was cut short', async (type) => {
  const target = targetOf(type);
  await put(target, renderMap(target.form, [asAddress('198.51.100.7')]));
  writeFileSync(target.file, readFileSync(target.file).subarray(0, -1));
  const standing = readFileSync(target.file);
  await expect(amender.amend(target, { put: [], remove: ['198.51.100.7'] })).rejects.toThrow(MapError);
  expect(readFileSync(target.file).equals(standing)).toBe(true);
});

function targetOf(type: 'text' | 'cdb'): MapTarget {
  const file = path.join(folder, 'map');
  return { form: type === 'text' ? 'text' : 'postfix', type, builder: 'native', path: file, file: `${file}.${type}` };
}

async function put(target: MapTarget, rows: readonly MapRow[]): Promise<void> {
  const built = await build(target, rows);
  renameSync(built.file, target.file);
  await built.remove();
}

async function change(target: MapTarget, before: readonly Address[], after: readonly Address[]): Promise<void> {
  const rowsOf = (addresses: readonly Address[]) => renderRows(target.form, addresses);
  const came = rowsOf(after.filter((address) => !before.includes(address)));
  const went = rowsOf(before.filter((address) => !after.includes(address)));
  const amended = await amender.amend(target, { put: came, remove: went.map(({ key }) => key) });
  renameSync(amended.file, target.file);
  await amended.remove();
}
