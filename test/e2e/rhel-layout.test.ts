/**
 * An empty configuration and `relaypass setup` on a host whose files lie as RHEL's and Fedora's packages lay them: both
 * MTAs' `sendmail` behind alternatives, sendmail-cf, makemap in /usr/sbin, /var/log/maillog, and a Postfix whose default
 * type is lmdb, as where Berkeley DB is gone.
 *
 * Limits: the programs are Debian's, and there is no SELinux.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { untilGreeted } from './lab/dialogue.ts';
import { ADDRESS, onLab } from './lab/lab.ts';
import { Postfix } from './lab/postfix.ts';
import { Program, run } from './lab/program.ts';
import { Relaypass, relaypass } from './lab/relaypass.ts';
import { tryToRelay } from './lab/smtp.ts';
import { appendLogin } from './lab/written-log.ts';

const MAILLOG = '/var/log/maillog';
const MC = '/etc/mail/sendmail.mc';
const CF = '/etc/mail/sendmail.cf';
const MAIN_CF = '/etc/postfix/main.cf';

const LAYOUT = `
  cp -r /usr/share/sendmail/cf /usr/share/sendmail-cf; rm -r /usr/share/sendmail/cf
  cp /usr/libexec/sendmail/sendmail /usr/sbin/sendmail.sendmail
  for tool in makemap editmap; do
    rm /usr/sbin/$tool; cp /usr/libexec/sendmail/$tool /usr/sbin/
  done
  rm -r /usr/libexec/sendmail
  mv /usr/sbin/sendmail /usr/sbin/sendmail.postfix
  mkdir -p /etc/alternatives
  ln -s /usr/sbin/sendmail.postfix /etc/alternatives/mta
  ln -s /etc/alternatives/mta /usr/sbin/sendmail
  install -m 640 -g adm /dev/null ${MAILLOG}`;

/** As the package's: cf.m4 by its path, the mailers last; what the lab needs is in it. */
const SENDMAIL_MC = `divert(-1)dnl
include(\`/usr/share/sendmail-cf/m4/cf.m4')dnl
VERSIONID(\`setup for the lab')dnl
OSTYPE(\`linux')dnl
define(\`confTRUSTED_USER', \`smmsp')dnl
define(\`confDOMAIN_NAME', \`mx.lab.example')dnl
define(\`confDONT_PROBE_INTERFACES', true)dnl
define(\`confPID_FILE', \`/run/sendmail.pid')dnl
define(\`QUEUE_DIR', \`/var/spool/mqueue')dnl
define(\`STATUS_FILE', \`')dnl
define(\`ALIAS_FILE', \`')dnl
define(\`confTO_IDENT', \`0')dnl
define(\`confDELIVERY_MODE', \`q')dnl
define(\`confBAD_RCPT_THROTTLE', \`0')dnl
FEATURE(\`no_default_msa', \`dnl')dnl
FEATURE(\`accept_unresolvable_domains')dnl
FEATURE(\`access_db', \`hash -T<TMPF> -o /etc/mail/access.db')dnl
DAEMON_OPTIONS(\`Port=smtp,Addr=${ADDRESS.sendmail}, Name=MTA')dnl
LOCAL_DOMAIN(\`lab.example')dnl
MAILER(smtp)dnl
MAILER(procmail)dnl
dnl MAILER(cyrusv2)dnl
`;

onLab('on a host laid out as RHEL is', () => {
  const daemon = new Relaypass();
  const postfix = new Postfix();
  let sendmail: Program | undefined;

  beforeAll(() => {
    run('sh', ['-ec', LAYOUT]);
    run('install', ['-d', '-m', '700', '/var/spool/mqueue']);
    writeFileSync('/etc/mail/service.switch', 'hosts\tfiles\naliases\tfiles\npasswd\tfiles\n');
    writeFileSync(MC, SENDMAIL_MC);
    writeFileSync(CF, run('m4', [MC])); // as the Makefile there does
    run('makemap', ['hash', '/etc/mail/access']);
    postfix.configure();
    const unwired = readFileSync(MAIN_CF, 'utf8').replace(/smtpd_relay_restrictions = .*\n/, '');
    writeOld(MAIN_CF, `${unwired}default_database_type = lmdb\n`);
    daemon.configure('');
    daemon.start();
  });
  afterAll(async () => {
    for (const each of [sendmail, postfix, daemon]) await each?.stop();
  });

  async function expectOpened(client: string, server: string, refusal: RegExp): Promise<void> {
    expect(await tryToRelay({ from: client, to: server })).toMatch(refusal);
    appendLogin(client, { file: MAILLOG });
    const opens = async () => (await tryToRelay({ from: client, to: server })).startsWith('250 ');
    await daemon.until(`${server} relays for ${client}`, opens);
  }

  test('an empty configuration finds the log, both MTAs, and the types of their maps', () => {
    const { status, stdout } = relaypass('config', '--json');
    expect(status).toBe(0);
    const settings: { table: string; key: string; value: unknown }[] = JSON.parse(stdout);
    const of = (wanted: string) =>
      settings.filter(({ table }) => table === wanted).map(({ key, value }) => [key, value]);
    expect(of('[[source]]')).toContainEqual(['file', MAILLOG]);
    expect(of('[[map]]')).toEqual([
      ['mta', 'sendmail'],
      ['type', 'hash'],
      ['path', '/var/lib/relaypass/popauth'],
      ['mta', 'postfix'],
      ['type', 'lmdb'],
      ['path', '/var/lib/relaypass/postfix'],
    ]);
  });

  test('setup ties the map into Sendmail, though "sendmail" is Postfix’s, and takes it back', async () => {
    const before = [MC, CF].map((file) => readFileSync(file, 'utf8'));
    const { status, stderr, stdout } = relaypass('setup', 'sendmail', '--apply');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).not.toContain('warning: ');
    sendmail = new Program('/usr/sbin/sendmail.sendmail', ['-bD', `-C${CF}`]);
    await untilGreeted(ADDRESS.sendmail, 25, () => sendmail?.output ?? '');
    await expectOpened('198.51.100.7', ADDRESS.sendmail, /^550 5\.7\.1 /);
    expect(await tryToRelay({ from: '198.51.100.8', to: ADDRESS.sendmail })).toMatch(/^550 5\.7\.1 /);
    const { stdout: checked } = relaypass('check', '--mta');
    expect(checked).toContain('relays for whom /var/lib/relaypass/popauth permits, and for nobody else');
    expect(relaypass('setup', 'sendmail', '--undo')).toMatchObject({ status: 0, stderr: '' });
    expect([MC, CF].map((file) => readFileSync(file, 'utf8'))).toEqual(before);
  });

  test('setup ties an lmdb map into Postfix', async () => {
    expect(relaypass('setup', 'postfix', '--apply')).toMatchObject({ status: 0, stderr: '' });
    expect(readFileSync(MAIN_CF, 'utf8')).toContain('unionmap:{regexp:/dev/null,lmdb:/var/lib/relaypass/postfix}');
    writeOld(MAIN_CF, readFileSync(MAIN_CF, 'utf8'));
    await postfix.start();
    // the default list of Postfix, which puts off what it does not relay
    await expectOpened('198.51.100.17', ADDRESS.postfix, /^454 4\.7\.1 /);
    expect(await tryToRelay({ from: '198.51.100.18', to: ADDRESS.postfix })).toMatch(/^454 4\.7\.1 /);
  });
});

/** Postfix's programs doze over a main.cf that was written just now. */
function writeOld(file: string, text: string): void {
  writeFileSync(file, text);
  run('touch', ['-d', '10 seconds ago', file]);
}
