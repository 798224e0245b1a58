import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { parseAddress } from '../../src/login/address.ts';
import { linesBatch, loadShipped } from './shipped.ts';
import { Matcher } from '../../src/pattern/matcher.ts';

/** What a client has a say in, and the address it connects from. */
interface Client {
  readonly peer: string;
  /** A name of the client's choice: of a virtual user, or of nobody. */
  readonly user: string;
  /** A name that a system account can have. */
  readonly account: string;
  /** What reverse DNS says: a resolver lets through letters, digits, `-`, `.` and `_` alone. */
  readonly host: string;
  /** HELO, sender, subject, protocol banner. */
  readonly text: string;
  readonly pid: number;
}

type Grammar = (client: Client) => string[];

const at = 'Nov 23 18:00:00 mx';

/** What each server writes for a client that logs in. */
const SUCCESS: Record<string, Grammar> = {
  'dovecot 2.3': ({ user, peer, pid }) => [
    `${at} dovecot: imap-login: Login: user=<${user}>, method=PLAIN, rip=${peer}, lip=192.0.2.1, mpid=${pid}, TLS, session=<AbC/+9>`,
  ],
  'dovecot 2.4': ({ user, peer, pid }) => [
    `${at} dovecot: pop3-login: Logged in: user=<${user}>, method=PLAIN, rip=${peer}, lip=192.0.2.1, mpid=${pid}, session=<AbC/+9>`,
  ],
  'dovecot, only user and address': ({ user, peer }) => [
    `${at} dovecot: imap-login: Login: user=<${user}>, rip=${peer}`,
  ],
  'dovecot, no brackets': ({ user, peer }) => [
    `${at} dovecot: imap-login: Login: user=${user}, method=PLAIN, rip=${peer}, lip=192.0.2.1, mpid=9`,
  ],
  'dovecot, address first': ({ user, peer }) => [
    `${at} dovecot: imap-login: Login: rip=${peer}, user=<${user}>, method=PLAIN, lip=192.0.2.1`,
  ],
  'dovecot, verb last': ({ user, peer }) => [
    `${at} dovecot: imap-login: user=<${user}>, method=PLAIN, rip=${peer}, lip=192.0.2.1, mpid=9, session=<x>: Login`,
  ],
  'dovecot, own file': ({ user, peer }) => [
    `Nov 23 18:00:00 imap-login: Info: Login: user=<${user}>, method=PLAIN, rip=${peer}, lip=192.0.2.1, mpid=9`,
  ],
  'dovecot 0.99': ({ user, peer }) => [`${at} dovecot: imap-login: Login: ${user} [${peer}]`],
  courier: ({ user, peer, pid }) => [
    `${at} imapd: Connection, ip=[${peer}], port=[${pid}]`,
    `${at} imapd: LOGIN, user=${user}, ip=[${peer}], port=[${pid}], protocol=IMAP`,
  ],
  cyrus: ({ host, user, peer, pid }) => [
    `${at} cyrus/imaps[${pid}]: login: ${host} [${peer}] ${user} plaintext+TLS User logged in SESSIONID=<x-1>`,
  ],
  'cyrus 2.1': ({ host, user, peer, pid }) => [`${at} imapd[${pid}]: login: ${host}[${peer}] ${user} plaintext`],
  'uw imapd': ({ host, user, peer, pid }) => [`${at} imapd[${pid}]: Login user=${user} host=${host} [${peer}]`],
  'uw ipop3d': ({ user, peer, pid }) => [`${at} ipop3d[${pid}]: Auth user=${user} host=[${peer}] nmsgs=0/0`],
  dbmail: ({ user, peer, pid }) => [
    `${at} dbmail/imap4d[9]: Notice:[imap] dbmail_imap_session_handle_auth(+1187): [0x5581f0a2b0c0] login accepted: id [12] user [${user}] from [${peer}:${pid}]`,
  ],
  qpopper: ({ host, user, peer, pid }) => [
    `${at} popper[${pid}]: (v4.1.0) POP login by user "${user}" at (${host}) ${peer} [pop_log.c:244]`,
  ],
  'qpopper, statistics': ({ host, user, peer, pid }) => [
    `${at} popper[${pid}]: Stats: ${user} 0 0 0 0 ${host} ${peer} [pop_updt.c:228]`,
  ],
  popa3d: ({ account, peer, pid }) => [
    `${at} popa3d[${pid}]: Session from ${peer}`,
    `${at} popa3d[${pid}]: Authentication passed for ${account}`,
  ],
  'popa3d, patched': ({ user, peer, pid }) => [`${at} popa3d[${pid}]: Authentication passed for ${user} -- [${peer}]`],
  'vm-pop3d': ({ user, peer, pid }) => [`${at} vm-pop3d[${pid}]: User ${user} logged in from ${peer}`],
  'vm-pop3d, old': ({ user, peer, pid }) => [
    `${at} vm-pop3d[${pid}]: Connect from ${peer}`,
    `${at} vm-pop3d[${pid}]: User ${user} logged in`,
  ],
  'solid-pop3d': ({ user, peer, pid }) => [`${at} spop3d[${pid}]: user ${user} authenticated - ${peer}`],
  'solid-pop3d, plain': ({ user, peer, pid }) => [
    `${at} spop3d[${pid}]: connect from ${peer}`,
    `${at} spop3d[${pid}]: user ${user} authenticated`,
  ],
  vpopmail: ({ user, peer, pid }) => [`${at} vpopmail[${pid}]: vchkpw-pop3: (PLAIN) login success ${user}:${peer}`],
  'vpopmail, old': ({ user, peer, pid }) => [`${at} vpopmail[${pid}]: vchkpw: login [${user}] from ${peer}`],
  cucipop: ({ user, peer, pid }) => [`${at} cucipop[${pid}]: ${user} ${peer} 12, 3 (45), 6 (78)`],
  teapop: ({ host, user, peer, pid }) => [
    `${at} teapop[${pid}]: Successful login for ${user} [192.0.2.1] from ${host} [${peer}]`,
  ],
  perdition: ({ user, peer, pid }) => [
    `${at} perdition[${pid}]: Auth: ${peer}:4047->192.0.2.1:143 client-secure=plaintext authorisation_id=NONE authentication_id="${user}" server="192.0.2.2:143" protocol=IMAP4 server-secure=plaintext status="ok"`,
  ],
  nginx: ({ user, peer, pid }) => [
    `${at} nginx: 2026/11/23 18:00:00 [info] ${pid}#${pid}: *1 client logged in, client: ${peer}, server: 0.0.0.0:143, login: "${user}", upstream: 192.0.2.2:143`,
  ],
  'nginx, pop3': ({ user, peer, pid }) => [
    `${at} nginx: 2026/11/23 18:00:00 [info] ${pid}#${pid}: *1 client logged in, client: ${peer}, server: 0.0.0.0:110, login: "${user}", upstream: 192.0.2.2:110`,
  ],
  'perdition, old': ({ user, peer, pid }) => [
    `${at} perdition[${pid}]: Auth: ${peer}->192.0.2.1 user="${user}" server="192.0.2.2" port="143" status="ok"`,
    `${at} perdition[${pid}]: Auth: ${peer}->192.0.2.1 user="${user}" server="192.0.2.2" port="110" status="ok"`,
  ],
  'up-imapproxy': ({ user, peer, pid }) => [
    `${at} in.imapproxyd[${pid}]: LOGIN: '"${user}"' (${peer}:48397) on new sd [9]`,
  ],
  'gnu-pop3d': ({ user, peer, pid }) => [
    `${at} gnu-pop3d[${pid}]: User ${user} logged in with mailbox /var/mail/${user} from ${peer}`,
  ],
  vpop3d: ({ user, peer }) => [`${at} vpop3d: (${user},${peer}) Authenticated`],
  apple: ({ user, peer }) => [`Nov 23 2026 18:00:00 IMAP User "${user}" log on successful from ${peer}`],
  postfix: ({ host, user, peer, pid, text }) => [
    `${at} postfix/smtpd[${pid}]: 9A7402706E4: client=${host}[${peer}], sasl_method=PLAIN, sasl_username=${user}`,
    `${at} postfix/smtpd[${pid}]: 9A7402706E4: client=${host}[${peer}], sasl_method=PLAIN, sasl_username=${user}, sasl_sender=${text}`,
  ],
  exim: ({ host, user, peer, pid, text }) => [
    `${at} exim[${pid}]: 1xVaYd-00001d-2k <= bob@example.com H=${host} (${text}) [${peer}]:33427 I=[192.0.2.1]:465 P=esmtpsa X=TLS1.3:x:256 CV=no A=plain:${user} S=249 id=${text}`,
    `${at} exim[${pid}]: 2026-11-23 18:00:00 1xVaYd-00001d-2k <= ${text} H=(${text}) [${peer}] P=esmtpa A=plain:${user} S=249`,
  ],
  sendmail: ({ host, user, peer, pid }) => [
    `${at} sendmail[${pid}]: AUTH=server, relay=${host} [${peer}], authid=${user}, mech=PLAIN, bits=0`,
  ],
};

/** What they, and programs that have no pattern, write for a client that does not. */
const FAILURE: Record<string, Grammar> = {
  'dovecot 2.3': ({ user, peer }) => [
    `${at} dovecot: imap-login: Disconnected (auth failed, 1 attempts in 2 secs): user=<${user}>, method=PLAIN, rip=${peer}, lip=192.0.2.1, session=<x>`,
    `${at} dovecot: imap-login: Disconnected: Inactivity (auth failed, 1 attempts in 2 secs): user=<${user}>, method=PLAIN, rip=${peer}, lip=192.0.2.1`,
    `${at} dovecot: auth: passwd-file(${user},${peer},<x>): unknown user`,
    `${at} dovecot: imap-login: ID sent: name=${user}: user=<>, rip=${peer}, lip=192.0.2.1, session=<x>`,
  ],
  'dovecot 2.4': ({ user, peer }) => [
    `${at} dovecot: imap-login: Login aborted: Connection closed (auth failed, 3 attempts in 16 secs) (auth_failed): user=<${user}>, method=PLAIN, rip=${peer}, lip=192.0.2.1, session=<x>`,
  ],
  courier: ({ user, peer, pid }) => [
    `${at} imapd: Connection, ip=[${peer}], port=[${pid}]`,
    `${at} imapd: LOGIN FAILED, user=${user}, ip=[${peer}], port=[${pid}]`,
    `${at} imapd: ${user}, ip=[${peer}], port=[${pid}]`.slice(0, 511),
  ],
  cyrus: ({ host, user, peer, pid }) => [
    `${at} cyrus/imap[${pid}]: badlogin: ${host} [${peer}] plaintext (${user}) [SASL(-13): user not found: checkpass failed]`,
    `${at} cyrus/imap[${pid}]: client id sessionid=<x>: "name" "${user}"`,
  ],
  uw: ({ host, user, peer, pid }) => [
    `${at} imapd[${pid}]: Login failed user=${user} auth=${user} host=${host} [${peer}]`,
  ],
  qpopper: ({ host, user, peer, pid }) => [
    `${at} popper[${pid}]: ${user} at ${host} (${peer}): -ERR [AUTH] Password supplied for "${user}" is incorrect.`,
  ],
  popa3d: ({ user, peer, pid }) => [
    `${at} popa3d[${pid}]: Session from ${peer}`,
    `${at} popa3d[${pid}]: Authentication failed for ${user}`,
  ],
  'solid-pop3d': ({ user, peer, pid }) => [
    `${at} spop3d[${pid}]: authentication failed: no such user: ${user} - ${peer}`,
  ],
  vpopmail: ({ user, peer, pid }) => [`${at} vpopmail[${pid}]: vchkpw-pop3: vpopmail user not found ${user}:${peer}`],
  nginx: ({ user, peer }) => [
    `${at} nginx: 2026/11/23 18:00:00 [info] 1#1: *1 client login failed: "Invalid login" while in http auth state, client: ${peer}, server: 0.0.0.0:143, login: "${user}"`,
  ],
  perdition: ({ user, peer, pid }) => [
    `${at} perdition[${pid}]: Auth: ${peer}:4047->192.0.2.1:143 client-secure=plaintext authorisation_id=NONE authentication_id="${user}" server="192.0.2.2:143" protocol=IMAP4 server-secure=plaintext status="failed: Re-Authentication Failure"`,
  ],
  'up-imapproxy': ({ user, peer, pid }) => [
    `${at} in.imapproxyd[${pid}]: LOGIN: '"${user}"' (${peer}:41405) failed: non-OK server response`,
  ],
  mtas: ({ host, text, peer, pid }) => [
    `${at} postfix/smtpd[${pid}]: NOQUEUE: reject: RCPT from ${host}[${peer}]: 554 5.7.1 <${text}>: Relay access denied; from=<${text}> to=<${text}> proto=ESMTP helo=<${text}>`,
    `${at} postfix/cleanup[${pid}]: 9A7402706E4: warning: header Subject: ${text} from ${host}[${peer}]; from=<${text}>`,
    `${at} exim[${pid}]: rejected EHLO from [${peer}]: syntactically invalid argument(s): ${text}`,
    `${at} sm-mta[${pid}]: x: from=${text}, size=0, class=0, nrcpts=0, relay=[${peer}]`,
    `${at} sendmail[${pid}]: x: ruleset=check_rcpt, arg1=${text}, relay=[${peer}], reject=550 5.7.1 ${text}`,
  ],
  sshd: ({ user, peer, pid }) => [`${at} sshd[${pid}]: Invalid user ${user} from ${peer} port 1`],
};

/** Pieces of every server's own lines, which are what an attacker would put into a name. */
const FORGERIES = Object.values(SUCCESS).flatMap((lines) =>
  lines({ peer: '6.6.6.6', user: 'evil', account: 'evil', host: 'h.example', text: 'x', pid: 9 }).flatMap((line) => {
    const message = line.replace(/^(?:Nov 23 18:00:00 mx )?[^ ]+ /, '');
    const parts = message.split(/(?=[,<>"'()[\]: ])|(?<=[,<>"'()[\]: ])/);
    return [line, message, ...parts, ...parts.map((_, index) => parts.slice(index).join(''))];
  }),
);
const address = fc.oneof(
  fc.ipV4().filter((ip) => ip !== '6.6.6.6'),
  fc.ipV6().filter((ip) => !/\d\.\d/.test(ip)),
);
/** And beginnings of an address that the true one would end. */
const STARTS = ['6.6.6.6', '2001:db8:666::6', 'x:2001:db8:0:0:0:0', 'x:6.6.6.6 ', '::ffff:', 'x:', '6', ':', '.'];
const pieces = fc.array(
  fc.oneof(fc.constantFrom(...FORGERIES), fc.constantFrom(...STARTS), fc.string({ unit: 'binary', maxLength: 8 })),
  {
    minLength: 1,
    maxLength: 4,
  },
);
/** What loggers make of a newline. */
const freeText = pieces.map((list) => list.join('').replaceAll('\n', '#012'));
const client = fc.record({
  peer: address,
  user: fc.oneof(fc.stringMatching(/^[a-z.@]{1,12}$/), freeText),
  account: fc.stringMatching(/^[a-z][a-z0-9_-]{0,10}$/),
  host: fc.oneof(fc.stringMatching(/^[\w.-]{1,20}$/), fc.constant('6.6.6.6')),
  text: freeText,
  pid: fc.integer({ min: 1, max: 65_535 }),
});

const patterns = loadShipped();
const NOW = new Date(2026, 10, 23, 18).getTime();

/** One for all, as one reads all of a log. */
const matcher = new Matcher(patterns, 'fuzz');

function addressesFound(lines: string[]): string[] {
  const matches = matcher.match(linesBatch(...lines), NOW);
  return matches.filter(({ kind }) => kind === 'login').flatMap(({ address: text }) => canonical(text));
}

/** What admission would grant; what it refuses grants nothing. */
function canonical(text: string): string[] {
  const parsed = parseAddress(text);
  return parsed.ok ? [parsed.address] : [];
}

const RUNS = { numRuns: 300 };

test.each(Object.entries(SUCCESS))(
  'whatever a client of %s puts into its names, its own address is granted',
  (_, lines) => {
    fc.assert(
      fc.property(client, (one) => {
        for (const found of addressesFound(lines(one))) expect([found]).toEqual(canonical(one.peer));
      }),
      RUNS,
    );
  },
);

test.each(Object.entries(SUCCESS))('a client of %s with a plain name is granted', (name, lines) => {
  const peer = name.startsWith('exim') || name.startsWith('postfix') ? '198.51.100.7' : '203.0.113.9';
  const one = { peer, user: 'alice', account: 'alice', host: 'h.example', text: 'x', pid: 9 };
  expect(addressesFound(lines(one))).toContain(peer);
});

test('of every shipped regex for a login there are such lines', () => {
  const plain = { peer: '203.0.113.9', user: 'alice', account: 'alice', host: 'h.example', text: 'x', pid: 9 };
  const messages = Object.values(SUCCESS)
    .flatMap((lines) => lines(plain))
    .map((line) => line.replace(/^Nov 23 (?:2026 )?18:00:00 (?:mx )?/, ''))
    .flatMap((line) => [line, line.replace(/^[^ ]+ /, '')]);
  const unmet = patterns.flatMap(({ name, rules }) =>
    rules
      .filter(({ kind, regex }) => kind === 'login' && !messages.some((message) => regex.match(message)))
      .map(({ regex }) => `${name}: ${regex.source}`),
  );
  expect(unmet).toEqual([]);
});

test.each(Object.entries(FAILURE))(
  'whatever a client of %s that fails puts into its names, nothing is granted',
  (_, lines) => {
    fc.assert(
      fc.property(client, (one) => {
        expect(addressesFound(lines(one))).toEqual([]);
      }),
      RUNS,
    );
  },
);
