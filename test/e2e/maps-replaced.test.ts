/** Maps that are replaced while real MTAs read them, by one publisher and by several that race. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { statSync, writeFileSync } from 'node:fs';
import { ADDRESS, onLab } from './lab/lab.ts';
import { Postfix } from './lab/postfix.ts';
import { Program, run } from './lab/program.ts';
import { MAP_FILE, Relaypass, relaypass } from './lab/relaypass.ts';
import { Sendmail } from './lab/sendmail.ts';
import { DENIED, LATER, RELAYED, tryToRelay } from './lab/smtp.ts';
import { ALWAYS, Traffic } from './lab/traffic.ts';
import { WHOSON, WhosonClient } from './lab/whoson.ts';
import { appendLogin, WRITTEN_LOG } from './lab/written-log.ts';

const SERVERS = [ADDRESS.sendmail, ADDRESS.postfix];
const MAPS = [MAP_FILE, '/var/lib/relaypass/postfix.db'];
const TOGGLED = '198.51.100.9';
const PUBLISHES = 200;
const OTHERS = 1000; // enough to have a change made in a copy of the map, instead of building it anew
const ROUNDS = 2;
const LOGINS = 20;

const CONFIG = `[[source]]
file = "${WRITTEN_LOG}"
[[map]]
mta = "sendmail"
[[map]]
mta = "postfix"
type = "hash"
${WHOSON}`;

onLab('maps of a real Sendmail and a real Postfix', () => {
  const daemon = new Relaypass();
  const sendmail = new Sendmail();
  const postfix = new Postfix();
  let whoson: WhosonClient;

  beforeAll(async () => {
    sendmail.configure();
    postfix.configure();
    daemon.configure(CONFIG);
    writeFileSync(WRITTEN_LOG, '');
    daemon.start();
    await daemon.until('it runs', () => daemon.output.includes('started'));
    for (let n = 0; n < OTHERS; n++) appendLogin(`10.0.${n >> 8}.${n & 255}`, { user: `user${n}` });
    await daemon.until('the others are in the map', () => heldOf(/^10\./gm) === OTHERS);
    await sendmail.start();
    await postfix.start();
    whoson = await WhosonClient.open();
  });
  afterAll(async () => {
    whoson.close();
    await daemon.stop();
    await sendmail.stop();
    await postfix.stop();
  });

  test(`${PUBLISHES} publishes under 50 SMTP sessions a second: no wrong answer, and at most the 451s of Sendmail`, async () => {
    for (const client of ALWAYS) await publishing(() => whoson.login(client));
    const traffic = new Traffic();
    const running = traffic.run();
    const stale: string[] = [];
    for (let turn = 0; turn < PUBLISHES / 2; turn++) {
      await publishing(() => whoson.login(TOGGLED));
      stale.push(...(await unless(RELAYED)));
      await publishing(() => whoson.logout(TOGGLED));
      stale.push(...(await unless(DENIED)));
    }
    traffic.stop();
    await running;
    expect([...stale, ...traffic.wrong]).toEqual([]);
    expect(traffic.sessions).toBeGreaterThan(PUBLISHES);
    expect(traffic.postponed / traffic.sessions).toBeLessThan(0.1); // one that met a rename between two system calls
  });

  test('grant and purge hold at once, while the daemon and two sweeps publish too', async () => {
    const sweeps = [1, 2].map(() => new Program('sh', ['-c', 'while relaypass sweep; do :; done']));
    for (let round = 0; round < ROUNDS; round++) {
      for (let n = 0; n < LOGINS; n++) appendLogin(`10.1.${round}.${n}`, { user: `user${n}` });
      expect(relaypass('grant', TOGGLED)).toMatchObject({ status: 0, stderr: '' });
      for (const to of SERVERS) expect(await settled(to)).toMatch(RELAYED);
      expect(relaypass('purge', TOGGLED)).toMatchObject({ status: 0, stderr: '' });
      for (const to of SERVERS) expect(await settled(to)).toMatch(DENIED);
    }
    for (const sweep of sweeps) {
      expect(sweep.running).toBe(true); // none has failed
      await sweep.stop();
    }
    for (const to of SERVERS) expect(await settled(to)).toMatch(DENIED);
    await daemon.until('all logins are in the map', () => heldOf(/^10\./gm) === OTHERS + ROUNDS * LOGINS);
  });

  /** Does what changes the store, and waits until both maps are other files. */
  async function publishing(change: () => Promise<void>): Promise<void> {
    const before = MAPS.map(stampOf);
    await change();
    await daemon.until('both maps to be published', () => MAPS.every((map, index) => stampOf(map) !== before[index]), {
      pollMs: 2,
    });
  }
});

/** How many rows of Postfix's map match. */
function heldOf(rows: RegExp): number {
  return run('postmap', ['-s', 'hash:/var/lib/relaypass/postfix']).match(rows)?.length ?? 0;
}

function stampOf(file: string): string {
  const { ino, mtimeNs } = statSync(file, { bigint: true });
  return `${ino} ${mtimeNs}`;
}

/** What new sessions hear, where that is neither as expected nor to come later. */
async function unless(expected: RegExp): Promise<string[]> {
  const replies = await Promise.all(SERVERS.map((to) => tryToRelay({ from: TOGGLED, to })));
  const isRight = (reply: string, to: string | undefined) =>
    expected.test(reply) || (LATER.test(reply) && to === ADDRESS.sendmail);
  return replies
    .filter((reply, index) => !isRight(reply, SERVERS[index]))
    .map((reply) => `expected ${expected.source}, heard ${reply}`);
}

/** The MTA's word, asked again while it is the one to come later. */
async function settled(to: string): Promise<string> {
  for (;;) {
    const reply = await tryToRelay({ from: TOGGLED, to });
    if (!LATER.test(reply)) return reply;
  }
}
