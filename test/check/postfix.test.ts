import { expect, test } from '@jest/globals';
import { checkPostfix } from '../../src/check/postfix.ts';
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
}

/** What is found with such settings, each by its severity and words. */
function findings({ relay = GOOD, recipient = '', networks = '', services = '', found = 'DUNNO' }: Setting): string[] {
  const postconf = `case "$2" in
smtpd_relay_restrictions) printf '%s\\n' '${relay}' '${recipient}' ;;
mynetworks) echo '127.0.0.0/8 ${networks}' ;;
*) printf '%s\\n' '${services}' ;;
esac`;
  const tools = standInTools(tempDir(), { postconf, postmap: `echo ${found}` });
  return checkPostfix(TARGET, tools, 128).map(({ severity, what }) => `${severity} ${what}`);
}

const ALL_WELL = [`ok main.cf: uses ${MAP}`, `ok hash:${PATH}: Postfix reads it`];

test('finds nothing wrong with the line that it recommends, however that is spaced', () => {
  expect(findings({})).toEqual(ALL_WELL);
  expect(findings({ relay: GOOD.replace(',hash', ', hash').replaceAll(', ', ' ').replace('null ', 'null, ') })).toEqual(
    ALL_WELL,
  );
});

test('tells that the map is not used, or only where it permits nothing', () => {
  const [first] = findings({ relay: 'permit_mynetworks, reject_unauth_destination', recipient: GOOD });
  expect(first).toBe(`error main.cf: smtpd_relay_restrictions does not use hash:${PATH}`);
});

test('looks at smtpd_recipient_restrictions where there are no others', () => {
  expect(findings({ relay: '', recipient: GOOD })).toEqual(ALL_WELL);
});

test('tells of a map that is looked up by parts of an address', () => {
  const [first] = findings({ relay: GOOD.replace(MAP, `hash:${PATH}`) });
  expect(first).toMatch(/^error .* permits neighbours/);
});

test('tells of a map behind what refuses', () => {
  const [first] = findings({ relay: `reject_unauth_destination, check_client_access ${MAP}` });
  expect(first).toMatch(/^error .* has reject_unauth_destination before .* never asked/);
});

test('warns where a missing map would put off inbound mail', () => {
  const [, second] = findings({ relay: GOOD.replace('permit_auth_destination, ', '') });
  expect(second).toMatch(/^warning .* no permit_auth_destination before/);
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
