import { afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { onLab } from './lab/lab.ts';
import { run } from './lab/program.ts';
import { MAP_FILE, mapHolds, Relaypass, relaypass } from './lab/relaypass.ts';
import { Sendmail } from './lab/sendmail.ts';
import { fill, onTinyDisk } from './lab/tiny-disk.ts';
import { appendLogin, WRITTEN_LOG } from './lab/written-log.ts';

const FIRST = '198.51.100.7';
const SECOND = '198.51.100.8';
const THIRD = '198.51.100.9';
const MAP_TOOLS = ['makemap', 'editmap'];
const RETRY_MS = 120_000; // a build that hangs is killed after half a minute, and one more may be waiting behind it
const ELSEWHERE = '/run/lab/maps';

onLab('a host that hinders the daemon', () => {
  const daemon = new Relaypass();

  beforeAll(() => new Sendmail().configure());
  beforeEach(() => {
    writeFileSync(WRITTEN_LOG, '');
    daemon.configure(configuration('/var/lib/relaypass/popauth'));
  });
  afterEach(async () => {
    restoreTools();
    await daemon.stop();
    expect(daemon.output).not.toMatch(/^\s+at .*:\d+/m);
  });

  const firstLoginCounts = async (map?: string) => {
    daemon.start();
    appendLogin(FIRST);
    await daemon.until('the first login to count', () => mapHolds(FIRST, map));
  };
  const secondLoginCounts = async (map?: string) =>
    daemon.until('the second login to count', () => mapHolds(SECOND, map), { limitMs: RETRY_MS });

  test.each([
    ['fail', 'echo boom >&2; exit 74', /boom/],
    ['succeed without a map', 'exit 0', /not published.*reason=/],
    ['hang', 'exec sleep 600', /did not finish in \d+ s/],
  ])("while the map's tools %s, the last good map stays; then the login counts", async (_, script, reason) => {
    await firstLoginCounts();
    const good = readFileSync(MAP_FILE);
    replaceTools(script);
    appendLogin(SECOND);
    await daemon.until('the reason to be told', () => reason.test(daemon.output), { limitMs: RETRY_MS });
    expect(readFileSync(MAP_FILE).equals(good)).toBe(true);
    restoreTools();
    await secondLoginCounts();
    expect(mapHolds(FIRST)).toBe(true);
  });

  test("while the map's tools fail, an address whose time is up is still closed out", async () => {
    daemon.start();
    appendLogin(FIRST, { ageMs: 590_000 });
    appendLogin(SECOND);
    await daemon.until('the logins to count', () => mapHolds(FIRST) && mapHolds(SECOND));
    replaceTools('exit 74');
    await daemon.until('the map to be emptied', () => !mapHolds(FIRST));
    await daemon.until('that to be told', () => daemon.output.includes('emptied'));
    restoreTools();
    await secondLoginCounts();
    expect(mapHolds(FIRST)).toBe(false);
  });

  test('a map folder that may not be written is told, and written to when it may', async () => {
    rmSync(ELSEWHERE, { recursive: true, force: true });
    mkdirSync(ELSEWHERE);
    daemon.configure(configuration(`${ELSEWHERE}/popauth`));
    daemon.start();
    await daemon.until('the reason to be told', () => /not published.*\/run\/lab\/maps/.test(daemon.output));
    appendLogin(FIRST);
    run('chown', ['relaypass:', ELSEWHERE]);
    await daemon.until('the login to count', () => mapHolds(FIRST, `${ELSEWHERE}/popauth`), { limitMs: RETRY_MS });
  });

  test('logins go on counting while the disk of the map is full, for each changes a copy that is there', async () => {
    await onTinyDisk(ELSEWHERE, async () => {
      const map = `${ELSEWHERE}/popauth`;
      daemon.configure(configuration(map));
      await firstLoginCounts(map);
      await daemon.until('the copy to be made', () => sizesIn(ELSEWHERE).length === 2);
      fill(ELSEWHERE);
      for (const address of [SECOND, THIRD]) {
        appendLogin(address);
        await daemon.until('the login to count', () => mapHolds(address, map));
      }
    });
  });

  test('a start while the disk of the map is full leaves the last good map; then the login counts', async () => {
    await onTinyDisk(ELSEWHERE, async () => {
      const map = `${ELSEWHERE}/popauth`;
      daemon.configure(configuration(map));
      await firstLoginCounts(map);
      await daemon.stop();
      const good = readFileSync(`${map}.db`);
      fill(ELSEWHERE);
      daemon.start();
      appendLogin(SECOND);
      await daemon.until('the reason to be told', () => /not published/.test(daemon.output), { limitMs: RETRY_MS });
      expect(readFileSync(`${map}.db`).equals(good)).toBe(true);
      empty(ELSEWHERE);
      await secondLoginCounts(map);
    });
  });

  test('when the disk of the store is full the daemon ends, and the login counts after its restart', async () => {
    rmSync('/var/lib/relaypass', { recursive: true });
    await onTinyDisk('/var/lib/relaypass', async () => {
      await firstLoginCounts();
      fill('/var/lib/relaypass');
      appendLogin(SECOND);
      const exit = await daemon.exited();
      expect(exit).not.toEqual({ status: 0, signal: null });
      expect(mapHolds(SECOND)).toBe(false);
      empty('/var/lib/relaypass');
      daemon.start();
      await secondLoginCounts();
      expect(relaypass('list').stdout).toContain(FIRST);
    });
  });
});

function configuration(map: string): string {
  return `grace = "10m"
[[source]]
file = "${WRITTEN_LOG}"
[[map]]
mta = "sendmail"
path = "${map}"
native = false
`;
}

/** The daemon finds this in the place of the real ones. */
function replaceTools(script: string): void {
  for (const tool of MAP_TOOLS) {
    rmSync(`/usr/sbin/${tool}`);
    writeFileSync(`/usr/sbin/${tool}`, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }
}

function restoreTools(): void {
  for (const tool of MAP_TOOLS) {
    rmSync(`/usr/sbin/${tool}`);
    symlinkSync(`../libexec/sendmail/${tool}`, `/usr/sbin/${tool}`);
  }
}

/** The bytes of the maps in `folder` and below that are whole. */
function sizesIn(folder: string): number[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.db'));
  const sizes = files.map((name) => statSync(path.join(folder, name)).size);
  return sizes.filter((size) => size === Math.max(...sizes));
}

function empty(folder: string): void {
  rmSync(`${folder}/fill`);
}
