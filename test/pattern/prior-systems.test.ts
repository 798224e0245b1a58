/**
 * What earlier systems got wrong, where patterns and time stamps decide: a test for each, by the system's name. For what
 * the daemon decides see test/prior-systems.test.ts; what one part decides is tested beside it, also by that name.
 */
import { expect, test } from '@jest/globals';
import { parseAddress } from '../../src/login/address.ts';
import { loadShipped, matchLines } from './shipped.ts';

const patterns = loadShipped();
const NOW = new Date(2026, 10, 23, 18, 30).getTime();

function addresses(...lines: string[]): string[] {
  return matchLines(patterns, lines, NOW).map(({ address }) => address);
}

test('pop-before-smtp: `user=<x rip=203.0.113.66,>` does not authorise the address inside the user name', () => {
  const line =
    'Nov 23 18:00:00 mx dovecot: imap-login: Login: user=<x rip=203.0.113.66,>, method=PLAIN, rip=198.51.100.1';
  expect(addresses(line)).toEqual(['198.51.100.1']);
});

test('pop-before-smtp, EXACT, POPRelay: Dovecot 2.4 is recognised', () => {
  const line =
    'Nov 23 18:00:00 mx dovecot: imap-login: Logged in: user=<a>, method=PLAIN, rip=198.51.100.1, lip=192.0.2.1, mpid=9, TLS, session=<x>';
  expect(addresses(line)).toEqual(['198.51.100.1']);
});

test('pop-before-smtp, EXACT, POPRelay: vpopmail 5 is recognised', () => {
  const line = 'Nov 23 18:00:00 mx vpopmail[9]: vchkpw-pop3: (PLAIN) login success bob@ex.org:198.51.100.1';
  expect(addresses(line)).toEqual(['198.51.100.1']);
});

test('pop-before-smtp, EXACT, POPRelay: RFC 3339 stamps are read', () => {
  const line =
    '2026-11-23T18:00:00.123456+01:00 mx dovecot: pop3-login: Login: user=<a>, method=PLAIN, rip=198.51.100.1';
  expect(addresses(line)).toEqual(['198.51.100.1']);
});

test("pop-before-smtp, EXACT, POPRelay: a pid in Dovecot's tag does not defeat the pattern", () => {
  const line = 'Nov 23 18:00:00 mx dovecot[442]: pop3-login: Login: user=<a>, method=PLAIN, rip=198.51.100.1';
  expect(addresses(line)).toEqual(['198.51.100.1']);
});

test('pop-before-smtp: an empty `rip=` kills nobody and grants nothing', () => {
  const line = 'Nov 23 18:00:00 mx dovecot: imap-login: Login: user=<a>, method=PLAIN, rip=, lip=192.0.2.1';
  expect(addresses(line)).toEqual([]);
});

test('pop-before-smtp: a later day of this month does not become the future', () => {
  const line = 'Nov 29 18:00:00 mx dovecot: pop3-login: Login: user=<a>, method=PLAIN, rip=198.51.100.1';
  expect(matchLines(patterns, [line], NOW)[0]?.at).toBeLessThan(NOW);
});

test('pop-before-smtp: February 29 in a year without one is nothing, and stops nothing', () => {
  const line = 'Feb 29 18:00:00 mx dovecot: pop3-login: Login: user=<a>, method=PLAIN, rip=198.51.100.1';
  expect(addresses(line, line.replace('Feb 29', 'Nov 23'))).toEqual(['198.51.100.1']);
});

test('poprelayd, CVE-2001-1075: text in MAIL FROM is not a POP login, since the tag is checked', () => {
  const lines = [
    'Nov 23 18:00:00 mx sendmail[9]: x: ruleset=check_mail, arg1="POP login by user "admin" at (203.0.113.66) 203.0.113.66@h.example, relay=[198.51.100.1]',
    'Nov 23 18:00:00 mx sendmail[9]: (v4.1.0) POP login by user "admin" at (203.0.113.66) 203.0.113.66',
    'Nov 23 18:00:00 mx sm-mta[9]: x: from="popper[9]: (v4.1.0) POP login by user "admin" at (203.0.113.66) 203.0.113.66',
  ];
  expect(addresses(...lines)).toEqual([]);
});

test("EXACT: the address of Courier's line is the address alone", () => {
  const line = 'Nov 23 18:00:00 mx imapd: LOGIN, user=a, ip=[::ffff:198.51.100.1], port=[50111], protocol=IMAP';
  expect(addresses(line).map((text) => parseAddress(text))).toMatchObject([{ ok: true, address: '198.51.100.1' }]);
});

test('the UW pattern: a sendmail reject line that holds "Login user=" grants nobody', () => {
  const line =
    'Nov 23 18:00:00 mx sm-mta[9]: x: ruleset=check_rcpt, arg1=<a@b>, from=<Login user=z host=h [203.0.113.66]>, relay=[198.51.100.1], reject=550';
  expect(addresses(line)).toEqual([]);
});

test('fail2ban, CVE-2013-7176 and DenyHosts, CVE-2006-6301: look-alike tags and hosts are not the program', () => {
  const message = 'imap-login: Login: user=<a>, method=PLAIN, rip=203.0.113.66';
  for (const tag of ['dovecot-x', 'xdovecot', 'Dovecot', 'dovecot/imap', 'dovecot.', 'dovecоt', 'sshd', 'dovecot]']) {
    expect(addresses(`Nov 23 18:00:00 mx ${tag}: ${message}`)).toEqual([]);
  }
  expect(addresses(`Nov 23 18:00:00 dovecot sshd[9]: ${message}`)).toEqual([]);
  expect(addresses(`Nov 23 18:00:00 mx sshd[9]: dovecot: ${message}`)).toEqual([]);
});

test('Unicode digits are no address', () => {
  const line = 'Nov 23 18:00:00 mx dovecot: imap-login: Login: user=<a>, method=PLAIN, rip=٢٠٣.0.113.66';
  expect(addresses(line)).toEqual([]);
});

test("GNU Mailutils: a login whose address is in another process's line grants nobody", () => {
  const lines = [
    'Nov 23 18:00:00 mx pop3d[189]: connect from 198.51.100.1',
    "Nov 23 18:00:00 mx pop3d[196]: user `bob' logged in with mailbox `/var/mail/bob' (0 messages)",
  ];
  expect(addresses(...lines)).toEqual([]);
});

test('nginx: its own file, into which a client can write whole lines, is not read', () => {
  const line =
    '2026/11/23 18:18:18 [info] 1#1: *1 client logged in, client: 6.6.6.6, server: 0.0.0.0:110, login: "evil", upstream: 1.1.1.1:110';
  expect(addresses(line)).toEqual([]);
});
