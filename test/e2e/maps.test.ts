/** Every type and form of map in a conversation with the MTA that reads it, over IPv4 and IPv6. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { ADDRESS, onLab } from './lab/lab.ts';
import { checkClientAccess, Postfix } from './lab/postfix.ts';
import { run } from './lab/program.ts';
import { Relaypass, relaypass } from './lab/relaypass.ts';
import { ACCESS_FILE, Sendmail, SNIPPET } from './lab/sendmail.ts';
import { tryToRelay, tryToSend } from './lab/smtp.ts';

const STATE = '/var/lib/relaypass';
const SENDMAIL = { servers: [ADDRESS.sendmail, ADDRESS.sendmail6], refusal: /^550 5\.7\.1 .*Relaying denied/ } as const;
const POSTFIX = {
  servers: [ADDRESS.postfix, ADDRESS.postfix6],
  refusal: /^554 5\.7\.1 .*Relay access denied/,
} as const;

interface Wiring {
  readonly title: string;
  /** The `[[map]]` and whatever else the configuration needs. */
  readonly toml: string;
  readonly mta: Sendmail | Postfix;
  readonly servers: readonly [ipv4: string, ipv6: string];
  readonly refusal: RegExp;
  /** Whom of the permitted IPv6 clients it can permit. @default all */
  readonly ipv6?: readonly string[];
  /** What is there before the MTA is configured. */
  readonly files?: Readonly<Record<string, string>>;
}

/** An address without a gap. */
const IN_FULL = '2001:db8:1:2:3:4:5:6';
const OWN_RULES = '/etc/relaypass/popauth.m4';

/** popauth.m4 with another type of map. */
function ownRules(type: string): string {
  return readFileSync('docs/examples/popauth.m4', 'utf8').replace('Kpopauth hash', `Kpopauth ${type}`);
}

/** What hosts with poprelayd have in their sendmail.cf: whatever is a key of popip.db may relay. */
const POPIP_RULES = `LOCAL_CONFIG
Kpopip hash -a<MATCH> ${STATE}/popip
LOCAL_RULESETS
SLocal_check_rcpt
R$*\t\t$: $1 $| $(popip $&{client_addr} $)
R$* $| $* <MATCH>\t$#OK
R$* $| $*\t$@ $1
`;

const SENDMAIL_WIRINGS: Wiring[] = [
  ...['hash', 'btree'].map((type) => ({
    title: `a ${type} map of Sendmail, wired by popauth.m4`,
    toml: `[[map]]\nmta = "sendmail"\ntype = "${type}"\n`,
    mta: new Sendmail({ snippet: OWN_RULES }),
    files: { [OWN_RULES]: ownRules(type) },
    ...SENDMAIL,
  })),
  ...['hash', 'btree'].map((type) => ({
    title: `a ${type} map of the form connect as Sendmail's access map`,
    toml: `[[map]]\nmta = "sendmail"\ntype = "${type}"\npath = "${STATE}/access"\nbase = "${ACCESS_FILE}"\n`,
    mta: new Sendmail({ snippet: '/dev/null', accessMap: `${type} -T<TMPF> ${STATE}/access` }),
    files: { [ACCESS_FILE]: '' },
    ...SENDMAIL,
  })),
  ...['hash', 'btree'].map((type) => ({
    title: `a ${type} map of the form poprelayd, wired by the rules that look into poprelayd's popip.db`,
    toml: `[[map]]\nmta = "sendmail"\ntype = "${type}"\nform = "poprelayd"\npath = "${STATE}/popip"\n`,
    mta: new Sendmail({ snippet: '/etc/relaypass/popip.m4' }),
    files: { '/etc/relaypass/popip.m4': POPIP_RULES.replace('hash', type) },
    ...SENDMAIL,
  })),
];

const POSTFIX_WIRINGS: Wiring[] = [
  ...['hash', 'btree', 'cdb', 'lmdb'].map((type) => ({
    title: `a ${type} map of Postfix`,
    toml: `[[map]]\nmta = "postfix"\ntype = "${type}"\n`,
    mta: new Postfix({ restriction: checkClientAccess(`${type}:${STATE}/postfix`) }),
    ...POSTFIX,
  })),
  ...['hash', 'btree', 'cdb', 'lmdb'].map((type) => ({
    title: `a ${type} map of the form pop-before-smtp, wired as its documentation says`,
    toml: `[[map]]\nmta = "postfix"\ntype = "${type}"\nform = "pop-before-smtp"\npath = "${STATE}/pop-before-smtp"\n`,
    mta: new Postfix({ restriction: `check_client_access ${type}:${STATE}/pop-before-smtp` }),
    ipv6: [IN_FULL], // with such a wiring 2001:db8::7 would permit its neighbours too
    ...POSTFIX,
  })),
];

for (const wiring of [...SENDMAIL_WIRINGS, ...POSTFIX_WIRINGS]) {
  onLab(`${wiring.title},`, () => {
    startBefore(wiring);
    beforeAll(() => addClient(IN_FULL));

    test('relays for whom relaypass permits, for as long as it does, and for no other', async () => {
      await expectRelay(wiring, []);
      allow('198.51.100.7');
      allow('2001:db8::7');
      allow(IN_FULL);
      await expectRelay(wiring, ['198.51.100.7', ...(wiring.ipv6 ?? ['2001:db8::7', IN_FULL])]);
      expect(relaypass('purge', '--all', '--yes')).toMatchObject({ status: 0, stderr: '' });
      await expectRelay(wiring, []);
    });
  });
}

const CLIENTS_OF_NETWORKS = [
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::7'],
  ['2001:db8:1:3::7', '2001:db8:1:3:9:8:7:6'],
  ['2001:db8:1::7', '2001:db8:1:0:9:8:7:6'], // Postfix prints the first with its gap in the first four groups
  ['2001:db8::a', '2001:db8::9:8:7:6'],
] as const;

const PRINTED_WITH_GAP = new Set<string>(['2001:db8:1::7', '2001:db8::a', '2001:db8::9:8:7:6']);
const FINDS_NETWORKS = /^a hash map (of Sendmail|of the form connect)/;
const POSTFIX_CDB: Wiring = {
  title: 'a cdb map of Postfix, looked up by parts of an address too',
  toml: '[[map]]\nmta = "postfix"\ntype = "cdb"\n',
  mta: new Postfix({ restriction: `check_client_access cdb:${STATE}/postfix` }),
  ...POSTFIX,
};
const PREFIX_64 = '[admission]\nipv6_prefix = 64\n';

for (const wiring of [...SENDMAIL_WIRINGS.filter(({ title }) => FINDS_NETWORKS.test(title)), POSTFIX_CDB]) {
  onLab(`${wiring.title}, and ipv6_prefix = 64,`, () => {
    const byAddress = { ...wiring, toml: `${wiring.toml}${PREFIX_64}` };
    startBefore(byAddress);
    beforeAll(() => CLIENTS_OF_NETWORKS.flat().forEach(addClient));

    test.each(CLIENTS_OF_NETWORKS)(
      'relays for the neighbours of %s (%s), and for no other network',
      async (...network) => {
        const clients = CLIENTS_OF_NETWORKS.flat();
        allow(network[0]);
        const allowed = await relayed(wiring, clients);
        expect(relaypass('purge', '--all', '--yes').status).toBe(0);
        expect(allowed).toEqual(network);
        expect(await relayed(wiring, clients)).toEqual([]);
      },
    );

    test('still relays for an IPv4 address alone', async () => {
      allow('198.51.100.7');
      await expectRelay(wiring, ['198.51.100.7']);
      expect(relaypass('purge', '--all', '--yes').status).toBe(0);
    });
  });
}

onLab(`a hash map of Postfix, and ipv6_prefix = 64,`, () => {
  const wiring = {
    toml: `[[map]]\nmta = "postfix"\ntype = "hash"\n${PREFIX_64}`,
    mta: new Postfix({ restriction: `check_client_access hash:${STATE}/postfix` }),
    ...POSTFIX,
  };
  startBefore(wiring);
  beforeAll(() => CLIENTS_OF_NETWORKS.flat().forEach(addClient));

  test('relays for a network; of one that ends in zeros for the clients without a gap in it, and for nobody else', async () => {
    for (const [first] of CLIENTS_OF_NETWORKS) allow(first);
    const clients = CLIENTS_OF_NETWORKS.flat();
    expect(await relayed(wiring, clients)).toEqual(clients.filter((client) => !PRINTED_WITH_GAP.has(client)));
  });
});

const ACCESS = `Connect:198.51.100.7\tREJECT
Connect:203.0.113\tREJECT
Connect:IPv6:2001:db8:0:0:0:0:0:7\tREJECT
Connect:198.51.100.99\tRELAY
`;
const REJECTED = ['198.51.100.7', '203.0.113.9', '2001:db8::7'];
/** Two that are granted, and the admin's own. */
const TAKEN = ['198.51.100.8', '2001:db8::8', '198.51.100.99'];

const POSTFIX_MAP = `hash:${STATE}/postfix`;

onLab("the admin's own REJECT, exact or of a network,", () => {
  const postfixBase = '/etc/postfix/relay_access';
  const sendmail = new Sendmail({
    access: ACCESS,
    snippet: '/dev/null',
    accessMap: `hash -T<TMPF> ${STATE}/access`,
  });
  const daemon = new Relaypass();

  beforeAll(async () => {
    sendmail.configure();
    new Postfix().configure();
    writeFileSync(postfixBase, ACCESS.replace('IPv6:2001:db8:0:0:0:0:0:7', '2001:db8::7').replaceAll('Connect:', ''));
    daemon.configure(
      `[[map]]\nmta = "sendmail"\npath = "${STATE}/access"\nbase = "${ACCESS_FILE}"\n` +
        `[[map]]\nmta = "postfix"\ntype = "hash"\nbase = "${postfixBase}"\n`,
    );
    for (const client of [...REJECTED, '198.51.100.8', '2001:db8::8']) allow(client);
  });

  test.each([
    ['Sendmail', sendmail, SENDMAIL],
    ['Postfix', new Postfix({ restriction: `check_client_access ${POSTFIX_MAP}` }), POSTFIX],
    ['a Postfix that looks up whole addresses', new Postfix({ restriction: checkClientAccess(POSTFIX_MAP) }), POSTFIX],
  ])('wins over what is granted, in %s', async (_, mta, wiring) => {
    mta.configure();
    await mta.start();
    try {
      const replies = (clients: readonly string[]) =>
        Promise.all(clients.map((client) => tryToRelay(route(client, wiring.servers))));
      for (const reply of await replies(REJECTED)) expect(reply).toMatch(/^55[04] 5\.7\.[01] /);
      for (const reply of await replies(TAKEN)) expect(reply).toMatch(/^250 /);
    } finally {
      await mta.stop();
    }
  });
});

const STOCK_MC = '/usr/share/sendmail/cf/debian/sendmail.mc';

onLab("Debian's own sendmail.mc with the include line at its end,", () => {
  const stock = existing(STOCK_MC)
    .replaceAll('Addr=127.0.0.1', `Addr=${ADDRESS.sendmail}`)
    .replace('dnl DAEMON_OPTIONS(`Family=inet6, Name=MTA-v6', 'DAEMON_OPTIONS(`Family=inet6, Name=MTA-v6')
    .replace('Addr=::1', `Addr=${ADDRESS.sendmail6}`);
  const wiring = {
    toml: '[[map]]\nmta = "sendmail"\n',
    mta: new Sendmail({ mc: `${stock}include(\`${SNIPPET}')dnl\n` }),
    files: {
      '/etc/mail/m4/dialup.m4': '',
      '/etc/mail/m4/provider.m4': '',
      '/etc/mail/local-host-names': 'lab.example\n',
      '/etc/mail/trusted-users': '',
      '/etc/mail/aliases': '',
    },
    ...SENDMAIL,
  };
  startBefore(wiring);

  test('relays for whom relaypass permits, for no other, and takes local mail', async () => {
    const sender = ''; // a domain would have to be in the DNS
    const reply = (client: string) => tryToRelay(route(client, SENDMAIL.servers), sender);
    for (const client of ['198.51.100.7', '2001:db8::7']) {
      expect(await reply(client)).toMatch(SENDMAIL.refusal);
      allow(client);
      expect(await reply(client)).toMatch(/^250 /);
    }
    for (const client of ['198.51.100.8', '2001:db8::8']) {
      expect(await reply(client)).toMatch(SENDMAIL.refusal);
      expect(await tryToSend(route(client, SENDMAIL.servers), 'root@lab.example', sender)).toMatch(/^250 /);
    }
  });
});

/** Starts the MTA on a map that permits nobody; no daemon runs, so the commands publish. */
function startBefore({ toml, mta, files = {} }: Pick<Wiring, 'toml' | 'mta' | 'files'>): void {
  beforeAll(async () => {
    mkdirSync('/etc/relaypass', { recursive: true });
    for (const [file, text] of Object.entries(files)) writeFileSync(file, text);
    mta.configure();
    new Relaypass().configure(toml);
    expect(relaypass('sweep')).toMatchObject({ status: 0, stderr: '' });
    await mta.start();
  });
  afterAll(() => mta.stop());
}

function allow(client: string): void {
  expect(relaypass('grant', client)).toMatchObject({ status: 0, stderr: '' });
}

const CLIENTS = ['198.51.100.7', '198.51.100.8', '2001:db8::7', '2001:db8::8', IN_FULL];

/** All of {@link CLIENTS} but `allowed` are refused for good: a map that is missing or broken would say 451. */
async function expectRelay(wiring: Pick<Wiring, 'servers' | 'refusal'>, allowed: readonly string[]): Promise<void> {
  for (const client of CLIENTS) {
    const reply = await tryToRelay(route(client, wiring.servers));
    expect([client, reply]).toEqual([
      client,
      expect.stringMatching(allowed.includes(client) ? /^250 / : wiring.refusal),
    ]);
  }
}

async function relayed({ servers }: Pick<Wiring, 'servers'>, clients: readonly string[]): Promise<string[]> {
  const replies = await Promise.all(clients.map((client) => tryToRelay(route(client, servers))));
  return clients.filter((_, index) => replies[index]?.startsWith('250 '));
}

function route(from: string, [ipv4, ipv6]: readonly [string, string]) {
  return { from, to: from.includes(':') ? ipv6 : ipv4 };
}

function addClient(address: string): void {
  run('ip', ['-6', 'addr', 'replace', `${address}/128`, 'dev', 'lo', 'nodad']);
}

/** Empty outside the lab, where nothing of it is used. */
function existing(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
