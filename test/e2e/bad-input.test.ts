import { afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { chmodSync, mkdirSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { onLab } from './lab/lab.ts';
import { CONFIG_FILE, mapHolds, Relaypass, relaypass, STORE_FILE } from './lab/relaypass.ts';
import { Sendmail } from './lab/sendmail.ts';
import { appendLogin, WRITTEN_LOG } from './lab/written-log.ts';

const CONFIG = `
grace = "1m"
[[source]]
file = "${WRITTEN_LOG}"
[[map]]
mta = "sendmail"
`;
const CLIENT = '198.51.100.7';

onLab('input that is wrong, missing or broken', () => {
  const daemon = new Relaypass();

  beforeAll(() => new Sendmail().configure());
  beforeEach(() => {
    rmSync(WRITTEN_LOG, { force: true });
    daemon.configure(CONFIG);
  });
  afterEach(async () => {
    await daemon.stop();
    expect(daemon.output).not.toMatch(STACK_TRACE);
  });

  test('a log that does not exist yet is told once, and read when it appears', async () => {
    daemon.start();
    await daemon.until('the missing log to be told', () =>
      daemon.output.includes(`log missing source=file:${WRITTEN_LOG}`),
    );
    appendLogin(CLIENT);
    await daemon.until('the login to count', () => mapHolds(CLIENT));
    expect(daemon.output.match(/log missing/g)).toHaveLength(1);
  });

  test('a log that may not be read is told once, and read when it may', async () => {
    appendLogin(CLIENT);
    chmodSync(WRITTEN_LOG, 0o600);
    daemon.start();
    await daemon.until('the unreadable log to be told', () =>
      daemon.output.includes(`log unreadable source=file:${WRITTEN_LOG}`),
    );
    chmodSync(WRITTEN_LOG, 0o644);
    await daemon.until('the login to count', () => mapHolds(CLIENT));
    expect(daemon.output.match(/log unreadable/g)).toHaveLength(1);
  });

  test('an unknown option is refused with its line', async () => {
    daemon.configure(`${CONFIG}\n[admission]\nmax_adresses_per_user = 3\n`);
    daemon.start();
    expect(await daemon.exited()).toEqual({ status: 78, signal: null });
    expect(daemon.output).toBe(`relaypass: ${CONFIG_FILE}:9: admission.max_adresses_per_user: unknown option\n`);
  });

  test('a grace that is too short is refused with its line, what was expected and what was found', async () => {
    daemon.configure('\ngrace = "5s"\n');
    daemon.start();
    expect(await daemon.exited()).toEqual({ status: 78, signal: null });
    expect(daemon.output).toMatch(new RegExp(`${CONFIG_FILE}:2: grace: .*from 1m .*found "5s"`));
  });

  test('what is no TOML is refused with its line', async () => {
    daemon.configure('grace = "1m"\n[[map\n');
    daemon.start();
    expect(await daemon.exited()).toEqual({ status: 78, signal: null });
    expect(daemon.output).toContain(`${CONFIG_FILE}:2:`);
  });

  test("an admin's pattern that is not anchored is refused with its line", async () => {
    const file = '/etc/relaypass/patterns.d/mine.toml';
    mkdirSync('/etc/relaypass/patterns.d', { recursive: true });
    writeFileSync(file, UNANCHORED);
    try {
      daemon.start();
      expect(await daemon.exited()).toEqual({ status: 78, signal: null });
      expect(daemon.output).toMatch(new RegExp(`^relaypass: ${file}:8: login.regex: `));
    } finally {
      rmSync(file);
    }
  });

  test('a reload with a bad file keeps the old configuration, and says why', async () => {
    daemon.start();
    await daemon.until('the daemon to start', () => daemon.output.includes('started'));
    writeFileSync(CONFIG_FILE, 'grase = "1m"\n');
    daemon.signal('SIGHUP');
    await daemon.until('the reload to be refused', () =>
      daemon.output.includes(`${CONFIG_FILE}:1: grase: unknown option`),
    );
    expect(daemon.output).toContain('kept the old configuration');
    appendLogin(CLIENT);
    await daemon.until('the login to count', () => mapHolds(CLIENT));
  });

  test('a reload with a good file takes it up', async () => {
    daemon.start();
    await daemon.until('the daemon to start', () => daemon.output.includes('started'));
    writeFileSync(CONFIG_FILE, `${CONFIG}[admission]\nnever_networks = ["${CLIENT}"]\n`);
    daemon.signal('SIGHUP');
    await daemon.until('the daemon to start again', () => daemon.output.match(/^started/gm)?.length === 2);
    appendLogin(CLIENT);
    appendLogin('198.51.100.8');
    await daemon.until('a login to count', () => mapHolds('198.51.100.8'));
    expect(mapHolds(CLIENT)).toBe(false);
  });

  test.each([
    ['cut short', () => truncateSync(STORE_FILE, 1000)],
    ['overwritten', () => writeFileSync(STORE_FILE, Buffer.alloc(65_536, 'garbage '))],
  ])('a store that was %s is set aside by the daemon, and the log fills a new one', async (_, damage) => {
    daemon.start();
    appendLogin(CLIENT);
    await daemon.until('the login to count', () => mapHolds(CLIENT));
    await daemon.stop();
    damage();
    daemon.start();
    await daemon.until('the login to count again', () => relaypass('list').stdout.includes(CLIENT));
    await daemon.until('that to be told', () => daemon.output.includes('set aside'));
    expect(readdirSync('/var/lib/relaypass')).toContainEqual(expect.stringContaining('.broken-'));
    expect(mapHolds(CLIENT)).toBe(true);
  });

  test('a sweep that cannot read the store empties the map, and says what to do', async () => {
    daemon.start();
    appendLogin(CLIENT);
    await daemon.until('the login to count', () => mapHolds(CLIENT));
    await daemon.stop('SIGKILL');
    writeFileSync(STORE_FILE, Buffer.alloc(65_536, 'garbage '));
    const { status, stderr } = relaypass('sweep');
    expect(status).toBe(74);
    expect(stderr).toContain('start the daemon');
    expect(stderr).not.toMatch(STACK_TRACE);
    expect(mapHolds(CLIENT)).toBe(false);
  });

  test.each([
    [['grant', '198.51.100'], '198.51.100'],
    [['purge', '0x7f.1'], '0x7f.1'],
    [['fly'], '--help'],
  ])('`relaypass %j` is refused in one line that names %s', (args, named) => {
    const { status, stdout, stderr } = relaypass(...args);
    expect(status).toBeGreaterThanOrEqual(64);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^relaypass: .*\n$/);
    expect(stderr).toContain(named);
  });
});

const UNANCHORED = `name = "mine"
title = "Mine"
author = "the admin"
facts = "made up"
tags = ["mined"]

[[login]]
regex = 'Login user=(?P<user>[^ ]+) ip=(?P<address>[0-9a-f.:]+)'
`;

const STACK_TRACE = /^\s+at .*:\d+/m;
