import { spawn, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { MAX_SESSION_MS, permitted, Place, START } from './fixture.ts';

const CHILD = path.join(import.meta.dirname, 'store-process.js');
const LIMIT_MS = 120_000;
const KILLS = Number(process.env['KILLS'] ?? 10); // 200, the sessions included, were run and passed

let place: Place;

beforeEach(() => {
  place = new Place();
});
afterEach(() => place.remove());

test('sees at once what another process has recorded, in the same turn of the event loop', async () => {
  const store = await place.open();
  expect(permitted(store)).toEqual([]);
  run('record', String(START), '192.0.2.7');
  expect(permitted(store)).toEqual(['192.0.2.7']);
  expect(store.generation()).toBe(1);
  expect(store.nextExpiryAt()).toBeDefined();
  store.purge({ all: true });
  expect(run('entries', String(START))).toEqual([[]]);
});

test(
  'killed at any moment, neither loses nor tears nor repeats what it acknowledged',
  async () => {
    let acknowledged = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      acknowledged = Math.max(acknowledged, await recordUntilKilled(1 + (kill % 7)));
      const limits = { maxEntries: 1_000_000, maxSessionMs: MAX_SESSION_MS };
      const store = await place.open({ limits }); // refuses a store whose indexes disagree
      const batch = Number(store.checkpoint('test')?.['batch'] ?? 0);
      expect(batch).toBeGreaterThanOrEqual(acknowledged);
      expect(store.size()).toBe(3 * batch);
      expect(permitted(store)).toHaveLength(3 * batch);
      const open = [...store.entries()].flatMap(({ logins }) => logins.filter((login) => login.openSessions === 1));
      expect(open.map(({ session }) => session)).toEqual([`s${batch}`, `s${batch}`, `s${batch}`]);
      for (let host = 1; host <= 3; host++)
        expect(permitted(store)).toContain(`10.${batch >> 8}.${batch & 255}.${host}`);
      await store.close();
    }
    expect(acknowledged).toBeGreaterThan(KILLS);
  },
  LIMIT_MS + KILLS * 10_000,
);

test(
  'lets no process replace a newer map by an older one while two race',
  async () => {
    const map = path.join(place.parent, 'map');
    writeFileSync(map, '0');
    const store = await place.open();
    const children = [1, 2].map(() =>
      spawn(process.execPath, [CHILD, 'publish-often', place.dir, String(START), map, '150']),
    );
    const printed = await Promise.all(children.map(outputOf));
    expect(printed).toEqual([[], []]);
    const { generation } = store.snapshot();
    expect(generation).toBe(300);
    expect(store.published(map)).toMatchObject({ intact: true });
  },
  LIMIT_MS,
);

function run(command: string, ...args: string[]): unknown[] {
  const child = spawnSync(process.execPath, [CHILD, command, place.dir, ...args], { encoding: 'utf8' });
  if (child.status !== 0) throw new Error(child.stderr);
  return child.stdout.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as unknown]));
}

/** Lets a child record until it has acknowledged `batches` more, kills it wherever it then is; the last it told. */
async function recordUntilKilled(batches: number): Promise<number> {
  const child = spawn(process.execPath, [CHILD, 'record-for-ever', place.dir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let told = 0;
  let last = 0;
  for await (const line of createInterface(child.stdout)) {
    last = Number(line);
    if (++told === batches) child.kill('SIGKILL');
  }
  return last;
}

async function outputOf(child: ReturnType<typeof spawn>): Promise<unknown[]> {
  const lines: unknown[] = [];
  if (child.stdout === null || child.stderr === null) throw new Error('not piped');
  child.stderr.pipe(process.stderr);
  for await (const line of createInterface(child.stdout)) lines.push(JSON.parse(line));
  return lines;
}
