import { spawnSync } from 'node:child_process';
import { expect, test } from '@jest/globals';
import type { Finding } from '../../src/check/finding.ts';
import { checkPostfix } from '../../src/check/postfix.ts';
import type { LookupConfig } from '../../src/config/schema.ts';
import type { MapTarget } from '../../src/map/target.ts';
import { standInTools } from '../map/stand-in-tools.ts';
import { tempDir } from '../temp-dir.ts';

const PATH = '/var/lib/relaypass/postfix';
const TARGET: MapTarget = { form: 'postfix', type: 'hash', builder: 'postmap', path: PATH, file: `${PATH}.db` };
const MAP = `unionmap:{regexp:/dev/null,hash:${PATH}}`;
const GOOD = `permit_mynetworks, permit_auth_destination, check_client_access ${MAP}, reject_unauth_destination`;

interface Setting {
  readonly relay?: string;
  readonly recipient?: string;
  readonly networks?: string;
  readonly services?: string;
  readonly found?: string;
  readonly maps?: readonly MapTarget[];
  readonly lookups?: readonly LookupConfig[];
  readonly ipv6Prefix?: 64 | 128;
}

function check(setting: Setting): Finding[] {
  const { relay = GOOD, recipient = '', networks = '', services = '', found = 'DUNNO' } = setting;
  const { maps = [TARGET], lookups = [], ipv6Prefix = 128 } = setting;
  const postconf = `case "$2" in
queue_directory) echo /var/spool/postfix ;;
smtpd_relay_restrictions) printf '%s\\n' '${relay}' '${recipient}' ;;
mynetworks) echo '127.0.0.0/8 ${networks}' ;;
*) printf '%s\\n' '${services}' ;;
esac`;
  const tools = standInTools(tempDir(), { postconf, postmap: `echo ${found}` });
  return checkPostfix({ targets: maps, lookups, ipv6Prefix }, tools);
}

/** What is found with such settings, each by its severity and words. */
function findings(setting: Setting): string[] {
  return check(setting).map(({ severity, what }) => `${severity} ${what}`);
}

const ALL_WELL = [`ok main.cf: smtpd_relay_restrictions asks ${MAP}`, `ok hash:${PATH}: Postfix reads it`];

test('finds nothing wrong with the line that it recommends, however that is spaced', () => {
  expect(findings({})).toEqual(ALL_WELL);
  expect(findings({ relay: GOOD.replace(',hash', ', hash').replaceAll(', ', ' ').replace('null ', 'null, ') })).toEqual(
    ALL_WELL,
  );
});

test('tells that the map is not used, or only where it permits nothing', () => {
  const [first] = findings({ relay: 'permit_mynetworks, reject_unauth_destination', recipient: GOOD });
  expect(first).toBe(`error main.cf: smtpd_relay_restrictions does not ask hash:${PATH}`);
});

test('looks at smtpd_recipient_restrictions where there are no others', () => {
  expect(findings({ relay: '', recipient: GOOD })).toEqual(
    ALL_WELL.map((line) => line.replace('_relay_', '_recipient_')),
  );
});

test('tells of a second list that refuses whom the first has let through', () => {
  const recipient = 'permit_mynetworks, reject_unauth_destination, reject_rbl_client x.example';
  const found = check({ recipient }).find(({ what }) => what.includes('recipient'));
  expect(found?.what).toMatch(
    /^main.cf: smtpd_recipient_restrictions has reject_unauth_destination, which refuses whom/,
  );
  expect(found?.todo).toContain(`permit_mynetworks, check_client_access ${MAP}, reject_unauth_destination, reject_rbl`);
  expect(findings({ recipient: recipient.replace('reject', `check_client_access ${MAP}, reject`) })).toEqual(ALL_WELL);
});

test('tells of a map that is looked up by parts of an address', () => {
  const [first] = findings({ relay: GOOD.replace(MAP, `hash:${PATH}`) });
  expect(first).toMatch(/^error .* permit its neighbours/);
});

test('takes a refusal that is only a warning for none', () => {
  const relay = GOOD.replace('check_', 'warn_if_reject reject, check_');
  expect(findings({ relay })).toEqual(ALL_WELL);
  expect(findings({ relay: GOOD.replace('reject_unauth', 'warn_if_reject reject_unauth') })).toContainEqual(
    'error main.cf: smtpd_relay_restrictions refuses nobody: an open relay',
  );
});

test('tells of a map behind what refuses', () => {
  const [first] = findings({ relay: `reject_unauth_destination, check_client_access ${MAP}` });
  expect(first).toMatch(/^error .* has reject_unauth_destination before .* never asked/);
});

test('warns where a missing map would put off inbound mail', () => {
  const [, second] = findings({ relay: GOOD.replace('permit_auth_destination, ', '') });
  expect(second).toMatch(/^warning .* no permit_auth_destination before/);
});

test('has no inbound mail let in where nobody but the permitted may send', () => {
  const relay = 'permit_sasl_authenticated, reject';
  const wired = `permit_sasl_authenticated, check_client_access ${MAP}, reject`;
  expect(check({ relay })[0]?.todo).toContain(`'smtpd_relay_restrictions = ${wired}'`);
  expect(findings({ relay: wired })).toEqual(ALL_WELL);
});

test('has no inbound mail go round what comes after the refusal to relay', () => {
  const relay = 'permit_mynetworks, reject_unauth_destination, check_sender_access hash:/etc/senders';
  const wired = relay.replace('reject', `check_client_access ${MAP}, reject`);
  expect(check({ relay })[0]?.todo).toContain(`'smtpd_relay_restrictions = ${wired}'`);
  expect(check({ relay: wired })[1]).toMatchObject({
    severity: 'warning',
    todo: 'have it there, where inbound mail need not pass what follows reject_unauth_destination',
  });
});

test("prints no command that would take out an admin's own table", () => {
  const relay = GOOD.replace(MAP, `unionmap:{cidr:/etc/blocked, hash:${PATH}}`);
  expect(check({ relay })[0]?.todo).toBe(
    `take hash:${PATH} out of unionmap:{cidr:/etc/blocked,hash:${PATH}} by hand, and check again`,
  );
});

test('warns of the map in mynetworks', () => {
  expect(findings({ networks: `hash:${PATH}` })).toContainEqual(expect.stringMatching(/^warning main.cf: mynetworks/));
});

test('warns of a service with its own restrictions', () => {
  const services = 'submission/inet/smtpd_relay_restrictions = permit_sasl_authenticated,reject';
  expect(findings({ services })).toContainEqual(
    expect.stringMatching(/^warning master.cf: submission\/inet\/smtpd_relay_restrictions has its own value/),
  );
});

test('tells of a map that Postfix cannot read', () => {
  expect(findings({ found: '' })).toContainEqual(expect.stringMatching(/^error .*postmap -q finds nothing/));
});

test.each([
  ['a map of another type', GOOD.replace('hash:', 'btree:'), /: that is not the type of the map$/],
  [
    'another check',
    GOOD.replace('check_client_access', 'check_sender_access'),
    /has check_sender_access before unionmap/,
  ],
  [
    'a permit before what refuses',
    GOOD.replace('reject_', 'permit, reject_'),
    /has permit before anything refuses: an open/,
  ],
  ['no refusal', GOOD.replace(', reject_unauth_destination', ''), /refuses nobody: an open relay$/],
  [
    'a service that permits when it is down',
    GOOD.replace('reject_', 'check_policy_service { inet:127.0.0.1:9, { default_action = permit } }, reject_'),
    /default_action=permit.* an open relay$/,
  ],
])('tells of %s', (_, relay, expected) => {
  expect(findings({ relay })).toContainEqual(expect.stringMatching(expected));
});

test('wants the plain map where networks are in it, which have to be found by parts of an address', () => {
  const plain = GOOD.replace(MAP, `hash:${PATH}`);
  expect(findings({ relay: plain, ipv6Prefix: 64 })[0]).toBe(`ok main.cf: smtpd_relay_restrictions asks hash:${PATH}`);
  expect(findings({ relay: GOOD, ipv6Prefix: 64 })[0]).toMatch(/^error .* none of the networks in the map is found$/);
});

test('tells the command that adds the map, or puts it right, and leaves the rest as it is', () => {
  const policy = 'check_policy_service { unix:own, { default_action = DEFER no answer } }';
  const relay = `permit_mynetworks permit_sasl_authenticated ${policy} defer_unauth_destination`;
  const wanted = `permit_mynetworks, permit_sasl_authenticated, ${policy}, permit_auth_destination, check_client_access ${MAP}, defer_unauth_destination`;
  const command = `run postconf -e 'smtpd_relay_restrictions = ${wanted}' && postfix reload`;
  expect(check({ relay })[0]?.todo).toBe(command);
  const wrong = `check_client_access btree:${PATH}, ${relay}`;
  expect(check({ relay: wrong })[0]?.todo).toBe(command);
  const late = `${relay}, check_client_access ${MAP}`;
  expect(check({ relay: late })[0]?.todo).toBe(command);
});

test("quotes an admin's words for the shell in the command that it tells", () => {
  const relay = `check_sender_access inline:{a='"'"'REJECT'"'"'}, reject`; // as the stand-in's own shell has to see it
  const [, setting = ''] = /postconf -e (.*) && postfix reload/.exec(check({ relay })[0]?.todo ?? '') ?? [];
  const printed = spawnSync('sh', ['-c', `printf %s ${setting}`], { encoding: 'utf8' }).stdout;
  expect(printed).toBe(
    `smtpd_relay_restrictions = check_sender_access inline:{a='REJECT'}, check_client_access ${MAP}, reject`,
  );
});

const LOOKUPS: LookupConfig[] = [
  { protocol: 'policy', listen: unix('/var/spool/postfix/relaypass/policy'), bind_sender: 'user' },
  { protocol: 'socketmap', listen: unix('/var/spool/postfix/relaypass/socketmap'), bind_sender: 'off' },
  { protocol: 'tcp', listen: { kind: 'inet', host: '127.0.0.1', port: 9002 } },
];

test.each([
  'check_policy_service { unix:relaypass/policy, timeout=2s, default_action={451 4.3.5 down, try later} }',
  'check_policy_service unix:/var/spool/postfix/relaypass/policy',
  'check_client_access socketmap:unix:relaypass/socketmap:relaypass',
  'check_client_access tcp:127.0.0.1:9002',
  'check_client_access tcp:[127.0.0.1]:9002',
])('takes a live look-up for a map: %s', (restriction) => {
  const relay = `permit_mynetworks, permit_auth_destination, ${restriction}, reject_unauth_destination`;
  const [first, ...rest] = findings({ relay, maps: [], lookups: LOOKUPS });
  expect(first).toMatch(/^ok main.cf: smtpd_relay_restrictions asks /);
  expect(rest).toEqual([]);
});

test('tells how a live look-up is asked', () => {
  const [finding] = check({ relay: 'reject_unauth_destination', maps: [], lookups: LOOKUPS });
  expect(finding?.what).toBe(
    'main.cf: smtpd_relay_restrictions does not ask policy unix:/var/spool/postfix/relaypass/policy or ' +
      'socketmap unix:/var/spool/postfix/relaypass/socketmap or tcp inet:127.0.0.1:9002',
  );
  expect(finding?.todo).toContain(
    'check_policy_service { unix:relaypass/policy, timeout=2s, try_limit=1, default_action={451 4.3.5 relay ' +
      'authorization is down, try later} }, reject_unauth_destination',
  );
});

test('tells of a map beside a look-up that is bound to the sender', () => {
  const relay = GOOD.replace('reject_', 'check_policy_service unix:relaypass/policy, reject_');
  expect(findings({ relay, lookups: LOOKUPS })).toContainEqual(
    expect.stringMatching(/^error main.cf: asks hash:.* beside policy .*bind_sender then holds for nobody$/),
  );
});

test('says nothing where nothing is meant for Postfix', () => {
  expect(findings({ maps: [], relay: 'reject' })).toEqual([]);
});

function unix(path: string) {
  return { kind: 'unix', path } as const;
}
