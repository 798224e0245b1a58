import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { configSchema } from '../../src/config/schema.ts';
import { checkToml } from '../../src/config/toml.ts';
import { createLog } from '../../src/log.ts';
import { admissionRules } from '../../src/login/admission.ts';
import { Tally } from '../../src/metrics/tally.ts';
import { loadLookups } from '../../src/server/lookup.ts';
import { LookupServers } from '../../src/server/lookup-servers.ts';
import type { Store } from '../../src/store/store.ts';
import { GRACE_MS, Place } from '../store/fixture.ts';
import { ADDRESS, onLab } from './lab/lab.ts';
import { Postfix } from './lab/postfix.ts';
import { run } from './lab/program.ts';
import { Relaypass, relaypass } from './lab/relaypass.ts';
import { Sendmail } from './lab/sendmail.ts';
import { SmtpSession, tryToRelay, tryToSend } from './lab/smtp.ts';
import { appendLogin, WRITTEN_LOG } from './lab/written-log.ts';

const CLIENT = '198.51.100.7';
const CLIENT6 = '2001:db8::7';
/** A client whose address, cut at its last colon as Postfix does, is that of {@link CLIENT6}. */
const LONGER6 = '2001:db8::7:1';
const QUEUE = '/var/spool/postfix/relaypass';

/** A store and the look-ups of a configuration on it, in this process. */
class Answers {
  readonly place = new Place();
  readonly #toml: string;
  #store: Store | undefined;
  #servers: LookupServers | undefined;

  constructor(toml: string) {
    this.#toml = toml;
  }

  async start(): Promise<void> {
    this.place.now = Date.now();
    this.#store ??= await this.place.open();
    const config = checkToml('lookups.test', this.#toml, configSchema);
    const clock = () => this.place.now;
    this.#servers = new LookupServers({
      lookups: loadLookups(config.lookup),
      store: this.#store,
      rules: admissionRules(config.admission, GRACE_MS),
      clock,
      tally: new Tally(clock()),
      log: createLog({ write: (line) => this.place.logged.push(line), priorities: false }),
      changed: () => undefined,
      failed: (reason) => this.place.logged.push(String(reason)),
    });
    await this.#servers.start();
  }

  login(address: string, user?: string): void {
    this.#store?.record({ logins: [this.place.login(address, user)] });
  }

  forget(): void {
    this.#store?.purge({ all: true });
  }

  async stop(): Promise<void> {
    await this.#servers?.stop();
  }

  async remove(): Promise<void> {
    await this.stop();
    await this.place.remove();
  }
}

interface Mta {
  configure(): void;
  start(): Promise<void>;
  stop(): Promise<void>;
}

interface Wiring {
  readonly title: string;
  readonly toml: string;
  readonly mta: Mta;
  readonly servers: readonly [v4: string, v6: string];
  readonly refused: RegExp;
}

const POSTFIX = {
  servers: [ADDRESS.postfix, ADDRESS.postfix6],
  refused: /^554 5\.7\.1 .*Relay access denied/,
} as const;
const SENDMAIL = { servers: [ADDRESS.sendmail, ADDRESS.sendmail6], refused: /^550 5\.7\.1 .*Relaying denied/ } as const;
const POLICY = `check_policy_service { unix:relaypass/policy, timeout=2s, try_limit=1, default_action={451 4.3.5 relay authorization is down, try later} }`;
const SNIPPET = '/run/relaypass-package/docs/examples/popauth-socketmap.m4';

const WIRINGS: Wiring[] = [
  {
    title: 'a socketmap behind Postfix',
    toml: lookup('socketmap', `unix:${QUEUE}/socketmap`),
    mta: new Postfix({ restriction: 'check_client_access socketmap:unix:relaypass/socketmap:relaypass' }),
    ...POSTFIX,
  },
  {
    title: 'a socketmap on loopback TCP behind Postfix',
    toml: lookup('socketmap', 'inet:127.0.0.1:9001'),
    mta: new Postfix({ restriction: 'check_client_access socketmap:inet:127.0.0.1:9001:relaypass' }),
    ...POSTFIX,
  },
  {
    title: 'a policy service behind Postfix',
    toml: lookup('policy', `unix:${QUEUE}/policy`),
    mta: new Postfix({ restriction: POLICY }),
    ...POSTFIX,
  },
  {
    title: 'a tcp table behind Postfix',
    toml: lookup('tcp', 'inet:127.0.0.1:9002'),
    mta: new Postfix({ restriction: 'check_client_access tcp:127.0.0.1:9002' }),
    ...POSTFIX,
  },
  {
    title: 'a socketmap behind Sendmail',
    toml: lookup('socketmap', 'unix:/run/relaypass/socketmap'),
    mta: new Sendmail({ snippet: SNIPPET }),
    ...SENDMAIL,
  },
];

for (const wiring of WIRINGS) {
  const { title, servers, refused } = wiring;
  onLab(`${title} answers`, () => {
    const answers = answering(wiring);
    beforeEach(() => answers.forget());

    test('nobody relays without a login', async () => {
      for (const client of [CLIENT, CLIENT6]) expect(await tryToRelay(routeOf(client, servers))).toMatch(refused);
    });

    test('a session that was refused relays once the login is there, and no longer than its grace', async () => {
      for (const client of [CLIENT, CLIENT6]) {
        const session = await SmtpSession.open(routeOf(client, servers));
        expect(await session.recipient('a@elsewhere.example')).toMatch(refused);
        answers.login(client);
        expect(await session.recipient('b@elsewhere.example')).toMatch(/^250 /);
        answers.place.now += GRACE_MS - 1;
        expect(await session.recipient('c@elsewhere.example')).toMatch(/^250 /);
        answers.place.now += 1;
        expect(await session.recipient('d@elsewhere.example')).toMatch(refused);
        session.close();
      }
    });

    test('a longer IPv6 address does not relay for a login at a shorter one', async () => {
      answers.login(CLIENT6);
      expect(await tryToRelay(routeOf(LONGER6, servers))).toMatch(refused);
      expect(await tryToRelay(routeOf(CLIENT6, servers))).toMatch(/^250 /);
    });

    test('a sender cannot make the client another one', async () => {
      answers.login('198.51.100.73');
      for (const sender of ['"3 x"@example.com', '"3<x"@example.com', '"3"@example.com']) {
        expect(await tryToRelay(routeOf(CLIENT, servers), sender)).toMatch(refused);
      }
    });

    test('without the server a would-be relay is deferred, local mail is taken, and all is well when it is back', async () => {
      answers.login(CLIENT);
      await answers.stop();
      expect(await tryToRelay(routeOf(CLIENT, servers))).toMatch(/^451 4\.3\./);
      expect(await tryToSend(routeOf(CLIENT, servers), 'root@lab.example')).toMatch(/^250 /);
      await answers.start();
      expect(await tryToRelay(routeOf(CLIENT, servers))).toMatch(/^250 /);
    });
  });
}

const BOUND: Wiring[] = [
  {
    title: 'a policy service behind Postfix',
    toml: lookup('policy', `unix:${QUEUE}/policy`, 'bind_sender = "user"'),
    mta: new Postfix({ restriction: POLICY }),
    ...POSTFIX,
  },
  {
    title: 'a socketmap behind Sendmail',
    toml: lookup('socketmap', 'unix:/run/relaypass/socketmap', 'bind_sender = "user"'),
    mta: new Sendmail({ snippet: SNIPPET }),
    ...SENDMAIL,
  },
];

for (const wiring of BOUND) {
  const { title, servers, refused } = wiring;
  onLab(`${title}, bound to the sender,`, () => {
    const answers = answering(wiring);

    test('relays for the senders of who logged in there, and for no other', async () => {
      for (const client of [CLIENT, CLIENT6]) {
        const route = routeOf(client, servers);
        answers.login(client, 'alice@example.com');
        expect(await tryToRelay(route, 'Alice@Example.com')).toMatch(/^250 /);
        for (const sender of ['eve@example.com', 'alice@example.org', '', '"alice@example.com"@evil.example']) {
          expect(await tryToRelay(route, sender)).toMatch(refused);
        }
      }
    });
  });
}

onLab('the daemon as its unit runs it answers a chrooted Postfix and a Sendmail at once,', () => {
  const daemon = new Relaypass();
  const postfix = new Postfix({ restriction: POLICY, chroot: true });
  const sendmail = new Sendmail({ snippet: SNIPPET });

  beforeAll(async () => {
    makeFolders();
    postfix.configure();
    sendmail.configure();
    daemon.configure(
      `[[source]]\nfile = "${WRITTEN_LOG}"\n[[map]]\nmta = "none"\ntype = "text"\n${lookup('policy', `unix:${QUEUE}/policy`)}${lookup('socketmap', 'unix:/run/relaypass/socketmap')}`,
    );
    daemon.start();
    await daemon.until('the daemon follows its log', () => daemon.output.includes('started'));
    await postfix.start();
    await sendmail.start();
  });
  afterAll(async () => {
    await postfix.stop();
    await sendmail.stop();
    await daemon.stop();
  });

  test('when a login is logged and when an admin takes it back', async () => {
    const asked = async () => [
      await tryToRelay(routeOf(CLIENT, POSTFIX.servers)),
      await tryToRelay(routeOf(CLIENT6, SENDMAIL.servers)),
    ];
    const refused = [expect.stringMatching(POSTFIX.refused), expect.stringMatching(SENDMAIL.refused)];
    expect(await asked()).toEqual(refused);
    for (const client of [CLIENT, CLIENT6]) appendLogin(client);
    await daemon.until('both logins', () => daemon.output.split('granted').length === 3);
    expect(await asked()).toEqual([expect.stringMatching(/^250 /), expect.stringMatching(/^250 /)]);
    expect(relaypass('purge', '--all', '--yes')).toMatchObject({ status: 0 });
    expect(await asked()).toEqual(refused);
  });
});

/** Look-ups, and the MTA that asks them, for as long as the tests of a group run. */
function answering({ toml, mta }: Wiring): Answers {
  const answers = new Answers(toml);
  beforeAll(async () => {
    makeFolders();
    mta.configure();
    await answers.start();
    await mta.start();
  });
  afterAll(async () => {
    await mta.stop();
    await answers.remove();
  });
  return answers;
}

function lookup(protocol: string, listen: string, more = ''): string {
  return `[[lookup]]\nprotocol = "${protocol}"\nlisten = "${listen}"\n${more}\n`;
}

function routeOf(from: string, [v4, v6]: readonly [string, string]) {
  return { from, to: from.includes(':') ? v6 : v4 };
}

/** What docs/lookups.md tells the admin to make. */
function makeFolders(): void {
  run('install', ['-d', '-o', 'relaypass', '-m', '755', '/run/relaypass']);
  const page = readFileSync(path.resolve(import.meta.dirname, '../../../docs/lookups.md'), 'utf8');
  run('sh', ['-ec', /^ {4}(install -d .*)$/m.exec(page)?.[1] ?? 'exit 64']);
}
