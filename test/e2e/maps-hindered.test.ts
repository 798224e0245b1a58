/**
 * Whatever is killed, hangs or runs full while a map is published: the MTAs find a whole map, and nobody relays past
 * his time.
 */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { hinderTools, mendTools } from './lab/hindered-tools.ts';
import { ADDRESS, onLab } from './lab/lab.ts';
import { checkClientAccess, Postfix } from './lab/postfix.ts';
import { run, until } from './lab/program.ts';
import { Relaypass, relaypass } from './lab/relaypass.ts';
import { Sendmail, SNIPPET } from './lab/sendmail.ts';
import { DENIED, LATER, RELAYED, tryToRelay } from './lab/smtp.ts';
import { fill, onTinyDisk } from './lab/tiny-disk.ts';
import { appendLogin, WRITTEN_LOG } from './lab/written-log.ts';

const CLIENT = '198.51.100.7';
const NEWCOMER = '198.51.100.9';
const NEVER = '198.51.100.8';
const SERVERS = [ADDRESS.sendmail, ADDRESS.postfix];

/** A Sendmail and a Postfix whose maps are in `folder`. */
class Hindered {
  readonly folder: string;
  readonly #sendmail = new Sendmail({ snippet: RULES });
  readonly #postfix: Postfix;

  constructor(folder: string) {
    this.folder = folder;
    this.#postfix = new Postfix({ restriction: checkClientAccess(`hash:${folder}/postfix`) });
  }

  async start(): Promise<void> {
    this.forget();
    run('install', ['-d', '-o', 'relaypass', '-m', '755', this.folder]);
    const shipped = readFileSync(SNIPPET, 'utf8');
    writeFileSync(RULES, shipped.replace('/var/lib/relaypass/popauth', `${this.folder}/popauth`));
    this.#sendmail.configure();
    this.#postfix.configure();
    expect(relaypass('sweep')).toMatchObject({ status: 0, stderr: '' });
    await this.#sendmail.start();
    await this.#postfix.start();
  }

  /** A store of nobody. */
  forget(): void {
    writeFileSync(WRITTEN_LOG, '');
    new Relaypass().configure(`grace = "10m"
[[source]]
file = "${WRITTEN_LOG}"
[[map]]
mta = "sendmail"
path = "${this.folder}/popauth"
[[map]]
mta = "postfix"
type = "hash"
path = "${this.folder}/postfix"
`);
  }

  /** How many of 10/8 are in Postfix's map. */
  logins(): number {
    return run('postmap', ['-s', `hash:${this.folder}/postfix`]).match(/^10\./gm)?.length ?? 0;
  }

  async stop(): Promise<void> {
    await this.#sendmail.stop();
    await this.#postfix.stop();
  }
}

const RULES = '/etc/relaypass/popauth.m4';

onLab('while maps are published', () => {
  const daemon = new Relaypass();
  const host = new Hindered('/run/lab/maps');

  beforeAll(() => host.start());
  afterAll(() => host.stop());
  beforeEach(() => {
    host.forget();
    expect(relaypass('sweep')).toMatchObject({ status: 0, stderr: '' });
  });
  afterEach(async () => {
    mendTools();
    await daemon.stop();
  });

  test('a builder that is killed leaves the last good map; for one whose time is up, an empty one', async () => {
    writeFileSync('/run/lab/many', Array.from({ length: 20_000 }, (_, n) => `10.0.${n >> 8}.${n & 255}\n`).join('')); // 60 ms of makemap
    expect(relaypass('import', '/run/lab/many').status).toBe(0);
    expect(relaypass('grant', CLIENT).status).toBe(0);
    for (const killedAfterMs of [1, 15]) {
      hinderTools({ killedAfterMs });
      expect(relaypass('grant', NEWCOMER).status).toBe(75);
      await expectReplies({ [CLIENT]: RELAYED, [NEWCOMER]: DENIED, [NEVER]: DENIED });
      mendTools();
      expect(relaypass('sweep').status).toBe(0);
      await expectReplies({ [CLIENT]: RELAYED, [NEWCOMER]: RELAYED, [NEVER]: DENIED });
      hinderTools({ killedAfterMs });
      expect(relaypass('purge', NEWCOMER).status).toBe(75);
      await expectReplies({ [CLIENT]: DENIED, [NEWCOMER]: DENIED });
      mendTools();
      expect(relaypass('sweep').status).toBe(0);
      await expectReplies({ [CLIENT]: RELAYED, [NEWCOMER]: DENIED });
    }
  });

  test('a daemon that is killed at any moment leaves whole maps, and no login is lost', async () => {
    appendLogin(CLIENT);
    daemon.start();
    await daemon.until('the first login counts', async () => isRelayed(CLIENT));
    for (let round = 0; round < KILLS; round++) {
      for (let n = 0; n < LOGINS; n++) appendLogin(`10.0.${round}.${n}`, { user: `user${round}.${n % 100}` });
      await delay(round * 15); // anywhere in its reading and publishing
      await daemon.stop('SIGKILL');
      await expectReplies({ [CLIENT]: RELAYED, [NEVER]: DENIED });
      daemon.start();
      await daemon.until('it runs again', () => daemon.output.includes('started'));
    }
    await daemon.until('every login is in the map', () => host.logins() === KILLS * LOGINS);
  });

  test('a daemon that is killed keeps nobody permitted past his time and the next sweep', async () => {
    daemon.start();
    await daemon.until('it runs', () => daemon.output.includes('started'));
    appendLogin(NEWCOMER, { ageMs: 600_000 - SHORT_MS });
    await daemon.until('the login counts', async () => isRelayed(NEWCOMER));
    appendLogin(CLIENT);
    await daemon.stop('SIGKILL'); // in the midst of that
    await until('its time to be up', () => !relaypass('list').stdout.includes(NEWCOMER));
    expect(relaypass('sweep').status).toBe(0);
    await expectReplies({ [NEWCOMER]: DENIED, [NEVER]: DENIED });
  });

  test('builders that hang are ended, and whom an admin takes back relays no more', async () => {
    for (const client of [CLIENT, NEWCOMER]) expect(relaypass('grant', client).status).toBe(0);
    hinderTools('hang');
    expect(relaypass('purge', NEWCOMER)).toMatchObject({
      status: 75,
      stderr: expect.stringContaining('did not finish'),
    });
    await expectReplies({ [NEWCOMER]: DENIED });
    mendTools();
    expect(relaypass('sweep').status).toBe(0);
    await expectReplies({ [CLIENT]: RELAYED, [NEWCOMER]: DENIED });
  });
});

onLab('on a disk that is full,', () => {
  const host = new Hindered('/run/lab/tiny');

  test('whom an admin takes back relays no more, and all is well when there is room', async () => {
    await onTinyDisk(host.folder, async (disk) => {
      await host.start();
      try {
        for (const client of [CLIENT, NEWCOMER]) expect(relaypass('grant', client).status).toBe(0);
        await expectReplies({ [CLIENT]: RELAYED, [NEWCOMER]: RELAYED });
        fill(disk);
        expect(relaypass('grant', NEVER).status).toBe(75);
        await expectReplies({ [CLIENT]: RELAYED, [NEWCOMER]: RELAYED, [NEVER]: DENIED });
        expect(relaypass('purge', NEWCOMER).status).toBe(75);
        await expectReplies({ [NEWCOMER]: DENIED });
        rmSync(`${disk}/fill`);
        expect(relaypass('sweep').status).toBe(0);
        await expectReplies({ [CLIENT]: RELAYED, [NEWCOMER]: DENIED, [NEVER]: RELAYED });
      } finally {
        await host.stop();
      }
    });
  });
});

const KILLS = 4;
const LOGINS = 200;
const SHORT_MS = 8000;

/** What new sessions at both MTAs hear; Sendmail's word to come later is asked for again. */
async function expectReplies(expected: Readonly<Record<string, RegExp>>): Promise<void> {
  for (const [from, reply] of Object.entries(expected)) {
    for (const to of SERVERS)
      expect([from, to, await settled(from, to)]).toEqual([from, to, expect.stringMatching(reply)]);
  }
}

async function settled(from: string, to: string): Promise<string> {
  for (;;) {
    const reply = await tryToRelay({ from, to });
    if (!LATER.test(reply)) return reply;
  }
}

async function isRelayed(from: string): Promise<boolean> {
  const replies = await Promise.all(SERVERS.map((to) => tryToRelay({ from, to })));
  return replies.every((reply) => RELAYED.test(reply));
}
