import { appendFileSync, mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { watchFolder, type Watch } from '../../src/source/watch.ts';
import { tempDir } from '../temp-dir.ts';

let folder: string;
let log: string;
let watching: Watch | undefined;
let told: number;

beforeEach(() => {
  folder = tempDir();
  log = path.join(folder, 'mail.log');
  told = 0;
  watching = undefined;
});
afterEach(() => watching?.close());

function watch(at = folder): void {
  watching = watchFolder(
    at,
    (name) => name === 'mail.log',
    () => told++,
  );
}

/** Writes to `file` until each of three writes in a row is told of: a watch takes a while to begin. */
async function expectTold(file: string): Promise<void> {
  const limit = Date.now() + 20_000;
  for (let inRow = 0; inRow < 3; inRow = (await isTold(file)) ? inRow + 1 : 0) expect(Date.now()).toBeLessThan(limit);
}

async function isTold(file: string): Promise<boolean> {
  await sleep(20); // what was told of the last write is over
  told = 0;
  appendFileSync(file, 'line\n');
  return somethingTold(500);
}

async function somethingTold(limitMs: number): Promise<boolean> {
  for (let waits = 0; !hasTold() && waits < limitMs / 5; waits++) await sleep(5);
  return hasTold();
}

function hasTold(): boolean {
  return told > 0;
}

test('tells that it has begun, since a write before that was told to nobody', async () => {
  watch();
  await somethingTold(20_000);
  expect(told).toBe(1);
});

test('tells of each write to a log, however often that is rotated', async () => {
  watch();
  for (let rotation = 0; rotation < 3; rotation++) {
    await expectTold(log);
    renameSync(log, `${log}.${rotation}`);
  }
});

test('tells of nothing else in the folder', async () => {
  watch();
  await expectTold(log);
  expect(await isTold(path.join(folder, 'syslog'))).toBe(false);
});

test('tells of writes to where a link leads, elsewhere or beside it, also when it is switched', async () => {
  const elsewhere = tempDir();
  const files = ['a', 'b'].map((name) => path.join(elsewhere, name)).concat(path.join(folder, 'c'));
  for (const file of files) {
    appendFileSync(file, '');
    rmSync(log, { force: true });
    symlinkSync(file, log);
    if (watching === undefined) watch();
    await expectTold(file);
    renameSync(file, `${file}.1`); // a log that is rotated where it is
    await expectTold(file);
  }
  expect(await isTold(path.join(elsewhere, 'other'))).toBe(false);
});

test('knows a folder by another spelling, and by a link', async () => {
  const real = path.join(folder, 'real');
  mkdirSync(real);
  symlinkSync(real, path.join(folder, 'link'));
  watch(`${folder}//link`);
  await expectTold(path.join(real, 'mail.log'));
});
