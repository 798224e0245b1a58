/** `relaypass check --mta` on a host with a real Sendmail and a real Postfix: each wrong wiring is found and named. */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { Finding } from '../../src/check/finding.ts';
import { onLab } from './lab/lab.ts';
import { checkClientAccess, Postfix } from './lab/postfix.ts';
import { Relaypass, relaypass } from './lab/relaypass.ts';
import { ACCESS_FILE, Sendmail, SNIPPET, type SendmailOptions } from './lab/sendmail.ts';

const STATE = '/var/lib/relaypass';
const SOCKETMAP = `[[lookup]]
protocol = "socketmap"
listen = "unix:/run/relaypass/socketmap"
bind_sender = "off"
`;
const RELAY_RULES = /^SLocal_Relay_Auth[^]*?CONTINUE\n/m;
const IPV4_RULES = `SLocal_Relay_Auth
R$*\t\t\t$: $&{client_addr}
R$-.$-.$-.$-\t$: < $(popauth $1.$2.$3.$4 $: NONE $) >
R< RELAY >\t$# RELAY
R$*\t\t\t$@ CONTINUE
`.replaceAll('$', '$$$$');
const RULES = '/etc/relaypass/popauth.m4';

onLab('check --mta, of a Sendmail,', () => {
  beforeEach(() => {
    new Postfix().configure();
  });
  afterEach(() => chmodSync(STATE, 0o755));

  test.each([
    ['popauth.m4', '', {}],
    ['popauth.m4 and networks', '[admission]\nipv6_prefix = 64\n', {}],
    ['another type', '', { type: 'btree' }],
    ['an access map', '', { form: 'connect' }],
    ["a stock sendmail.mc of Debian's", '', { mc: stock }],
  ] as const)('finds nothing wrong with %s', (_, more, { type = 'hash', form = 'own', mc }: Right) => {
    const [rules, path] = form === 'own' ? [shipped(), 'popauth'] : ['', 'access'];
    const options: SendmailOptions = {
      ...(form === 'connect' && { accessMap: `hash -T<TMPF> ${STATE}/access` }),
      ...(mc !== undefined && { mc: mc() }),
    };
    const base = form === 'connect' ? `base = "${ACCESS_FILE}"\n` : '';
    wire(rules.replace('hash', type), options, `type = "${type}"\npath = "${STATE}/${path}"\n${base}${more}`);
    expect(checked().filter(isOfSendmail)).toEqual([
      expect.stringMatching(/^ok .*sendmail\.cf: relays for whom .* permits, and for nobody else, as tried/),
      expect.stringMatching(/^ok .*sendmail\.cf: asks would-be relays to come again while .* fails/),
      `ok ${STATE}/${path}.db: Sendmail reads it`,
    ]);
  });

  test.each([
    ['no include', () => '', /^error .*: does not use \/var\/lib\/relaypass\/popauth -> add include\(`.*restart/],
    ['another path', () => shipped().replace(STATE, '/srv'), /^error .*: its map popauth is hash \/srv\/popauth ->/],
    ['another type', () => shipped().replace('hash', 'btree'), /^error .*: opens .* as btree, .* of the type hash ->/],
    [
      'no rules',
      () => shipped().replace(/^[SR].*$/gm, ''),
      /^error .*: does not relay for a client whom .*Relaying denied/,
    ],
    [
      'rules that do not know IPv6',
      () => shipped().replace(RELAY_RULES, IPV4_RULES),
      /^error .*: does not relay for an IPv6 client/,
    ],
    [
      'no guard',
      () => shipped().replace(/^SLocal_check_rcpt[^]*/m, ''),
      /^warning .*: refuses for good, instead of for now/,
    ],
    ['no tempfail', () => shipped().replace('-T<TMPF>', ''), /^warning .*: refuses for good, instead of for now/],
    [
      'FEATURE(drac) that fails open',
      () => `FEATURE(\`drac', \`hash -T<TMPF> ${STATE}/popauth')dnl\n`,
      /^error .*: relays for everybody while .* fails/,
    ],
    [
      'any client permitted',
      () => shipped().replace('SLocal_Relay_Auth\n', (head) => `${head}R$*\t\t$# RELAY\n`),
      /^error .*: relays for clients that are not permitted: an open/,
    ],
  ])('tells of %s', (_, rules, expected) => {
    wire(rules());
    expect(checked()).toContainEqual(expect.stringMatching(expected));
  });

  test.each([
    [
      'finds nothing wrong with',
      (rules: string) => rules,
      /^ok .*relays for whom socketmap .* permits, and for nobody/,
    ],
    [
      'tells of no guard in',
      (rules: string) => rules.replace(/^SLocal_check_rcpt[^]*/m, ''),
      /^warning .*refuses for good/,
    ],
    [
      'tells of no rules for',
      (rules: string) => rules.replace(/^[SR].*$/gm, ''),
      /^error .*does not relay for a client/,
    ],
  ])('%s a socketmap', (_, change, expected) => {
    wire(change(readFileSync(SNIPPET.replace('popauth', 'popauth-socketmap'), 'utf8')), {}, SOCKETMAP);
    const found = checked();
    expect(found).toContainEqual(expect.stringMatching(expected));
    expect(found).not.toContainEqual(expect.stringContaining('does not use'));
  });

  test('tells of a map beside a socketmap that is bound to the sender', () => {
    const both = shipped() + readFileSync(SNIPPET.replace('popauth', 'popauth-socketmap'), 'utf8');
    wire(both, {}, SOCKETMAP.replace('"off"', '"user"'));
    expect(checked()).toContainEqual(
      expect.stringMatching(/^error .*popauth beside a socketmap whose bind_sender then/),
    );
  });

  test('tells of a configuration that is younger than the daemon', () => {
    wire(shipped());
    writeFileSync('/run/sendmail.pid', '1\n');
    utimesSync('/run/sendmail.pid', 1, 1);
    expect(checked()).toContainEqual(
      expect.stringMatching(/^warning .*: is younger than the Sendmail that runs -> restart/),
    );
    rmSync('/run/sendmail.pid');
  });

  test('tells of a folder from which Sendmail takes no map', () => {
    wire(shipped());
    chmodSync(STATE, 0o777);
    expect(checked()).toContainEqual(
      expect.stringMatching(/^error .*popauth.db: Sendmail does not find its last row: .*unsafe map file/),
    );
  });

  test('says what it did not prove when it is not root', () => {
    wire(shipped());
    const { stdout } = spawnSync(
      'setpriv',
      ['--reuid=relaypass', '--regid=relaypass', '--clear-groups', 'relaypass', 'check', '--mta', '--json'],
      { encoding: 'utf8' },
    );
    expect(worded(stdout)).toContainEqual(
      expect.stringMatching(/^warning .* was not proved -> run "relaypass check --mta" as root/),
    );
  });

  test('leaves nothing behind, and the map that stands as it is', () => {
    wire(shipped());
    const before = readFileSync(`${STATE}/popauth.db`);
    checked();
    expect(readFileSync(`${STATE}/popauth.db`).equals(before)).toBe(true);
    expect(spawnSync('ls', ['/run'], { encoding: 'utf8' }).stdout).not.toContain('relaypass-check');
  });
});

onLab('check --mta, of a Postfix,', () => {
  beforeAll(() => {
    wire(shipped());
  });

  const wanted = checkClientAccess(`hash:${STATE}/postfix`);

  test.each([
    ['the line of the README', wanted],
    ['a line with blanks', wanted.replace(',', ', ')],
  ])('finds nothing wrong with %s', (_, restriction) => {
    new Postfix({ restriction }).configure();
    expect(checked().filter(isOfPostfix)).toEqual([
      expect.stringMatching(/^ok main.cf: smtpd_relay_restrictions asks unionmap/),
      `ok hash:${STATE}/postfix: Postfix reads it`,
    ]);
  });

  test.each([
    ['nothing of ours', 'permit_sasl_authenticated', /does not ask hash:/],
    ['a map looked up by parts', `check_client_access hash:${STATE}/postfix`, /permit its neighbours/],
    ['another type', wanted.replace('hash', 'btree'), /not the type of the map/],
    ['a map after the refusal', `reject_unauth_destination, ${wanted}`, /never asked/],
    ['a permit for all', 'permit', /an open relay/],
  ])('tells of %s, and the command that it prints puts it right', (_, restriction, expected) => {
    new Postfix({ restriction }).configure();
    const fault = checked().find((line) => expected.test(line));
    expect(fault).toMatch(/^error main.cf: /);
    const [, command] = / -> run (postconf -e '.*') && postfix reload$/.exec(fault ?? '') ?? [];
    if (command === undefined) return expect(restriction).toBe('permit'); // whose entry is no affair of ours
    expect(spawnSync('sh', ['-c', command]).status).toBe(0);
    expect(
      checked()
        .filter(isOfPostfix)
        .filter((line) => line.startsWith('error')),
    ).toEqual([]);
    expect(relaypass('check', '--mta').status).toBe(0);
  });
});

interface Right {
  readonly type?: string;
  readonly form?: string;
  readonly mc?: () => string;
}

/** What is shipped, to be changed. */
function shipped(): string {
  return readFileSync(SNIPPET, 'utf8');
}

function stock(): string {
  for (const file of ['m4/dialup.m4', 'm4/provider.m4', 'local-host-names', 'trusted-users', 'aliases']) {
    writeFileSync(`/etc/mail/${file}`, '');
  }
  return `${readFileSync('/usr/share/sendmail/cf/debian/sendmail.mc', 'utf8')}include(\`${RULES}')dnl\n`;
}

function wire(rules: string, options: SendmailOptions = {}, map = ''): void {
  mkdirSync('/etc/relaypass', { recursive: true });
  writeFileSync(RULES, rules);
  new Sendmail({ snippet: RULES, ...options }).configure();
  new Postfix().configure();
  new Relaypass().configure(`[[map]]\nmta = "postfix"\ntype = "hash"\n[[map]]\nmta = "sendmail"\n${map}`);
  expect(relaypass('sweep')).toMatchObject({ status: 0, stderr: '' });
}

function checked(): string[] {
  const { stdout, stderr } = relaypass('check', '--mta', '--json');
  expect(stderr).toBe('');
  return worded(stdout);
}

function worded(json: string): string[] {
  const findings = JSON.parse(json) as Finding[];
  return findings.map(({ severity, what, todo }) => `${severity} ${what}${todo === undefined ? '' : ` -> ${todo}`}`);
}

function isOfSendmail(line: string): boolean {
  return /sendmail\.cf|Sendmail/.test(line);
}

function isOfPostfix(line: string): boolean {
  return /main\.cf|Postfix/.test(line);
}
