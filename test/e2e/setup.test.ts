/** `relaypass setup` on real MTAs: it shows, it does, it takes back, and nobody gets more than a login is worth. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { appendFileSync, chmodSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Dovecot } from './lab/dovecot.ts';
import { ADDRESS, onLab } from './lab/lab.ts';
import { PASSWORD, popLogin } from './lab/mailbox.ts';
import { Postfix } from './lab/postfix.ts';
import { run } from './lab/program.ts';
import { Relaypass, relaypass } from './lab/relaypass.ts';
import { Sendmail } from './lab/sendmail.ts';
import { tryToRelay, tryToSend } from './lab/smtp.ts';
import { Syslog } from './lab/syslog.ts';

const CONFIG = '[[source]]\nfile = "/var/log/mail.log"\n[[map]]\nmta = "sendmail"\n[[map]]\nmta = "postfix"\n';
const MAIN_CF = '/etc/postfix/main.cf';
const MC = '/etc/mail/sendmail.mc';
const CF = '/etc/mail/sendmail.cf';

/** What the lab's MTAs are without us. */
const UNWIRED = /smtpd_relay_restrictions = .*\n/;

onLab('relaypass setup', () => {
  const daemon = new Relaypass();
  const syslog = new Syslog();
  const dovecot = new Dovecot({ users: 'any' });
  const sendmail = new Sendmail({ snippet: '/dev/null' });
  const postfix = new Postfix();

  beforeAll(async () => {
    sendmail.configure();
    writeFileSync(MC, readFileSync('/etc/mail/lab.mc', 'utf8'));
    postfix.configure();
    writePlain(
      `${mainCf().replace(UNWIRED, '')}smtpd_relay_restrictions =\n\tpermit_mynetworks\n\treject_unauth_destination\n`,
    );
    rmSync('/etc/relaypass', { recursive: true, force: true });
    daemon.configure(CONFIG);
    await syslog.start();
    await dovecot.start();
  });
  afterAll(async () => {
    await daemon.stop();
    for (const server of [postfix, sendmail, dovecot, syslog]) await server.stop();
  });

  async function untilRelays(client: string, server: string): Promise<void> {
    daemon.start();
    await popLogin({ from: client, to: ADDRESS.mailbox }, { user: 'alice', password: PASSWORD });
    const opens = async () => (await tryToRelay({ from: client, to: server })).startsWith('250 ');
    await daemon.until(`${server} relays for ${client}`, opens);
    await daemon.stop();
  }

  test('shows what it would change in main.cf, and changes nothing', () => {
    const before = mainCf();
    const { status, stdout } = relaypass('setup', 'postfix');
    expect({ status, stdout }).toMatchObject({ status: 0 });
    expect(stdout).toContain(' \tpermit_mynetworks\n+\tpermit_auth_destination,\n+\tcheck_client_access unionmap:');
    expect(stdout).toContain('Nothing was changed yet');
    expect(mainCf()).toBe(before);
    expect(relaypass('setup', 'postfix', '--undo').stdout).toContain('there is nothing to undo');
  });

  test('ties the map into Postfix: a login opens the relay, and nothing else does', async () => {
    chmodSync(MAIN_CF, 0o655);
    expect(relaypass('setup', 'postfix', '--apply')).toMatchObject({ status: 0, stderr: '' });
    expect(statSync(MAIN_CF).mode & 0o777).toBe(0o655);
    age(MAIN_CF);
    await postfix.start();
    expect(await tryToRelay({ from: '198.51.100.7', to: ADDRESS.postfix })).toMatch(/^554 5\.7\.1 /);
    expect(await tryToSend({ from: '198.51.100.7', to: ADDRESS.postfix }, 'root@lab.example')).toMatch(/^250 /);
    await untilRelays('198.51.100.7', ADDRESS.postfix);
    expect(await tryToRelay({ from: '198.51.100.8', to: ADDRESS.postfix })).toMatch(/^554 5\.7\.1 /);
  });

  test('does nothing the second time, by the lines of the README', () => {
    const before = mainCf();
    for (const line of readmeLines('postfix')) expect(run('sh', ['-ec', line])).toContain('there is nothing to change');
    expect(mainCf()).toBe(before);
  });

  test('refuses to undo over an edit, and says which lines are whose', () => {
    const before = mainCf();
    appendFileSync(MAIN_CF, 'message_size_limit = 9999999\n');
    const { status, stderr } = relaypass('setup', 'postfix', '--undo');
    expect(status).toBe(69);
    expect(stderr).toContain('+message_size_limit = 9999999\n');
    expect(mainCf()).toContain('check_client_access');
    writePlain(before);
  });

  test('takes it back, and a running Postfix with it, byte for byte', async () => {
    const kept = readFileSync(`${MAIN_CF}.before-relaypass`, 'utf8');
    expect(relaypass('grant', '198.51.100.9')).toMatchObject({ status: 0 });
    expect(await tryToRelay({ from: '198.51.100.9', to: ADDRESS.postfix })).toMatch(/^250 /);
    await postfix.stop();
    expect(relaypass('setup', 'postfix', '--undo')).toMatchObject({ status: 0, stderr: '' });
    expect(mainCf()).toBe(kept);
    expect(existsSync(`${MAIN_CF}.before-relaypass`)).toBe(false);
    age(MAIN_CF);
    await postfix.start();
    expect(await tryToRelay({ from: '198.51.100.9', to: ADDRESS.postfix })).toMatch(/^554 5\.7\.1 /);
    await postfix.stop();
  });

  test('leaves a main.cf that Postfix does not take as it was', () => {
    const before = mainCf();
    writePlain(`${before}daemon_directory = /nowhere\n`);
    const broken = mainCf();
    const { status, stderr } = relaypass('setup', 'postfix', '--apply');
    expect({ status, stderr }).toMatchObject({ status: 69 });
    expect(stderr).toContain('postfix check failed');
    expect(mainCf()).toBe(broken);
    expect(existsSync('/etc/relaypass/setup-postfix.json')).toBe(false);
    writePlain(before);
  });

  test('shows what it would change in sendmail.mc and sendmail.cf, and changes nothing', () => {
    const before = [MC, CF].map((file) => readFileSync(file, 'utf8'));
    const { status, stdout } = relaypass('setup', 'sendmail');
    expect({ status, stdout }).toMatchObject({ status: 0 });
    expect(stdout).toContain("\n+include(`/etc/relaypass/popauth.m4')dnl\n");
    expect(stdout).toContain('\n+Kpopauth hash -T<TMPF> /var/lib/relaypass/popauth\n');
    expect([MC, CF].map((file) => readFileSync(file, 'utf8'))).toEqual(before);
    expect(existsSync('/etc/relaypass/popauth.m4')).toBe(false);
  });

  test.each([
    ['would answer strangers otherwise than now', 'SLocal_Relay_Auth\nR$*\t\t$# RELAY\n'],
    ['would not relay for whom the map holds', ''],
  ])('changes nothing where rules that are there already %s', (expected, rules) => {
    const before = [MC, CF].map((file) => readFileSync(file, 'utf8'));
    const kept = `LOCAL_CONFIG\nKpopauth hash -T<TMPF> /var/lib/relaypass/popauth\nLOCAL_RULESETS\n${rules}`;
    writeFileSync('/etc/relaypass/popauth.m4', kept);
    const { status, stderr } = relaypass('setup', 'sendmail', '--apply');
    rmSync('/etc/relaypass/popauth.m4');
    expect(stderr).toContain(expected);
    expect(status).toBe(69);
    expect([MC, CF].map((file) => readFileSync(file, 'utf8'))).toEqual(before);
  });

  test('ties the map into Sendmail: a login opens the relay, and nothing else does', async () => {
    expect(relaypass('setup', 'sendmail', '--apply')).toMatchObject({ status: 0, stderr: '' });
    await sendmail.start();
    expect(await tryToRelay({ from: '198.51.100.17', to: ADDRESS.sendmail })).toMatch(/^550 5\.7\.1 /);
    expect(await tryToSend({ from: '198.51.100.17', to: ADDRESS.sendmail }, 'root@lab.example')).toMatch(/^250 /);
    await untilRelays('198.51.100.17', ADDRESS.sendmail);
    expect(await tryToRelay({ from: '198.51.100.18', to: ADDRESS.sendmail })).toMatch(/^550 5\.7\.1 /);
    await sendmail.stop();
    for (const line of readmeLines('sendmail'))
      expect(run('sh', ['-ec', line])).toContain('there is nothing to change');
  });

  test('takes it back from Sendmail byte for byte, though sendmail.cf was made anew since', () => {
    const kept = [MC, CF].map((file) => readFileSync(`${file}.before-relaypass`, 'utf8'));
    writeFileSync(CF, run('m4', ['-D_CF_DIR_=/usr/share/sendmail/cf/', MC]));
    expect(relaypass('setup', 'sendmail', '--undo')).toMatchObject({ status: 0, stderr: '' });
    expect([MC, CF].map((file) => readFileSync(file, 'utf8'))).toEqual(kept);
    expect(existsSync('/etc/relaypass/popauth.m4')).toBe(false);
  });

  test('changes no sendmail.cf that was edited by hand: it tells lines that do it', async () => {
    appendFileSync(CF, '# by hand\nO MaxMessageSize=9999999\n');
    const { status, stderr } = relaypass('setup', 'sendmail', '--apply');
    expect(status).toBe(69);
    expect(stderr).toContain('is not what m4 makes of /etc/mail/sendmail.mc');
    appendFileSync(CF, stderr.slice(stderr.indexOf('\n\n') + 2));
    expect(relaypass('setup', 'sendmail', '--apply').stdout).toContain('there is nothing to change');
    await sendmail.start();
    expect(await tryToRelay({ from: '198.51.100.27', to: ADDRESS.sendmail })).toMatch(/^550 5\.7\.1 /);
    await untilRelays('198.51.100.27', ADDRESS.sendmail);
    await sendmail.stop();
  });

  test('is for root alone where it changes something', () => {
    const { status, stdout } = relaypass('setup', 'postfix');
    expect({ status, stdout }).toMatchObject({ status: 0 });
    const asNobody = ['--reuid=65534', '--regid=65534', '--clear-groups', 'relaypass', 'setup', 'postfix', '--apply'];
    expect(() => run('setpriv', asNobody)).toThrow(/ended with 77: .*run this as root/);
  });
});

/** What the README has an admin type: to see the change, and to make it. */
function readmeLines(mta: string): string[] {
  const readme = readFileSync(path.resolve(import.meta.dirname, '../../../README.md'), 'utf8');
  const section = readme.slice(readme.indexOf('\n## Install\n'));
  const lines = section.match(new RegExp(`(?<=^ {4})relaypass setup ${mta}\\b.*`, 'gm')) ?? [];
  expect(lines).toEqual([`relaypass setup ${mta}`, `relaypass setup ${mta} --apply --reload`]);
  return lines;
}

function mainCf(): string {
  return readFileSync(MAIN_CF, 'utf8');
}

function writePlain(text: string): void {
  writeFileSync(MAIN_CF, text);
  age(MAIN_CF);
}

/** Postfix's programs doze over a main.cf that was written just now. */
function age(file: string): void {
  run('touch', ['-d', '10 seconds ago', file]);
}
