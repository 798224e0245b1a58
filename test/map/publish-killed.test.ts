import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { permitted } from '../store/fixture.ts';
import { MapPlace } from './map-place.ts';

const PROGRAM = fileURLToPath(new URL('publisher-process.js', import.meta.url));
const KILLS = 6;

let place: MapPlace;

beforeEach(() => {
  place = new MapPlace();
});

afterEach(async () => {
  await place.remove();
});

test('leaves a whole map wherever kill -9 strikes, and the next publisher needs no help', async () => {
  for (let kill = 1; kill <= KILLS; kill++) {
    await publishAndKill(kill * 3);
    const standing = place.permitted(place.hash);
    expect(standing).toBeDefined();
    expect(standing?.length).toBeLessThanOrEqual(4); // the process keeps three, and one may be on its way
    const store = await place.open();
    const [result] = await place.publisher({ store }).publishNow();
    expect(result?.outcome).toMatch(/^(published|unchanged)$/);
    expect(place.permitted(place.hash)).toEqual(permitted(store));
    await store.close();
  }
  expect(readdirSync(place.folder).toSorted()).toEqual(['.popauth.db.empty', 'popauth.db']);
}, 120_000);

/** Kills after the process has published so often: in the middle of whatever it does next. */
async function publishAndKill(publishes: number): Promise<void> {
  const child = spawn(process.execPath, [PROGRAM, place.parent], { stdio: ['ignore', 'pipe', 'inherit'] });
  let count = 0;
  createInterface(child.stdout).on('line', () => {
    count += 1;
    if (count === publishes) setTimeout(() => child.kill('SIGKILL'), Math.random() * 20); // a publish takes about that
  });
  await once(child, 'close');
  expect(count).toBeGreaterThanOrEqual(publishes);
}
