/**
 * What a sendmail.cf makes of clients, asked of Sendmail itself in its test mode (`sendmail -bt`), which neither delivers
 * nor needs a daemon:
 *
 *     .D{client_addr}198.51.100.77
 *     check_rcpt someone@elsewhere.example     -> check_rcpt returns: $# RELAY
 *     /map popauth relaypass:probe             -> map_lookup: popauth (relaypass:probe) returns DUNNO (0)
 */
import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { sendmailMapLine } from '../check/wiring.ts';
import { SENTINEL } from '../map/render.ts';
import type { MapTarget } from '../map/target.ts';
import { refused } from './refused.ts';
import type { MapTools } from '../map/tools.ts';

/** Debian's, RHEL's, and the name that may be another MTA's. */
const PROGRAMS = [
  '/usr/libexec/sendmail/sendmail',
  '/usr/sbin/sendmail-mta',
  '/usr/sbin/sendmail.sendmail',
  '/usr/sbin/sendmail',
];

/** Networks of documentation: nobody's, and an access file may refuse one of them. */
const STRANGERS = ['198.51.100.77', '203.0.113.77', '192.0.2.77', 'IPv6:2001:db8:0:0:0:0:0:77'];
const PERMITTED = ['198.51.100.78', '203.0.113.78', '192.0.2.78', 'IPv6:2001:db8:0:0:0:0:0:78'];
const RECIPIENTS = ['someone@elsewhere.example', 'postmaster'];

export interface Rules {
  readonly before: string;
  readonly after: string;
  /** Of root's alone, for the copies. */
  readonly folder: string;
  readonly target: MapTarget;
  readonly tools: MapTools;
}

/**
 * Shows on copies that the new rules relay for whom a map holds, and answer everybody else as the old ones do.
 * @throws OperationalError `setup-refused`, 69
 */
export function proveRules({ before, after, folder, target, tools }: Rules): void {
  const [old, fresh, probing] = ['old.cf', 'new.cf', 'probe.cf'].map((name) => path.join(folder, name));
  if (old === undefined || fresh === undefined || probing === undefined) return;
  const map = path.join(folder, 'map');
  writeFileSync(old, before);
  writeFileSync(fresh, after);
  writeFileSync(probing, after.replaceAll(sendmailMapLine(target), sendmailMapLine({ ...target, path: map })));
  makeMap(tools, target.type, map);
  const [was, is] = [old, probing].map((cf) => verdicts(cf, STRANGERS));
  if (was?.join('\n') !== is?.join('\n'))
    throw refused('the new sendmail.cf would answer strangers otherwise than now');
  if (!verdicts(probing, PERMITTED).some((verdict) => /^\$# ?RELAY$/.test(verdict)))
    throw refused('the new sendmail.cf would not relay for whom the map holds');
  confirmMap(fresh);
}

/** Makes sure that Sendmail reads the map with this sendmail.cf. @throws OperationalError `setup-refused`, 69 */
export function confirmMap(cf: string): void {
  const said = test(cf, [`/map popauth ${SENTINEL.key}`]);
  if (said.includes(`returns ${SENTINEL.value} (0)`)) return;
  throw refused(
    `Sendmail cannot read the map: run "relaypass sweep" and see why; it said: ${said.trim().split('\n').at(-1)}`,
  );
}

function makeMap(tools: MapTools, type: string, map: string): void {
  const input = PERMITTED.map((client) => `${client}\tRELAY\n`).join('');
  const { status, stderr } = spawnSync(tools.find('makemap') ?? 'makemap', [type, map], { input, encoding: 'utf8' });
  if (status !== 0) throw refused(`makemap ${type} failed: ${stderr.trim()}`);
}

/** What the rules say to each client about each recipient. */
function verdicts(cf: string, clients: readonly string[]): string[] {
  const questions = clients.flatMap((client) => [
    `.D{client_addr}${client}`,
    `.D{client_name}[${client}]`,
    '.D{client_resolve}FAIL',
    ...RECIPIENTS.map((recipient) => `check_rcpt ${recipient}`),
  ]);
  const answers = [...test(cf, questions).matchAll(/^(?:> )*check_rcpt\s+returns: (.*)$/gm)].map(([, text = '']) =>
    text.trim(),
  );
  if (answers.length === clients.length * RECIPIENTS.length) return answers;
  throw refused(`sendmail -bt -C${cf} does not answer about each client`);
}

function test(cf: string, questions: readonly string[]): string {
  const program = PROGRAMS.find((file) => existsSync(file)) ?? 'sendmail';
  const { stdout, error } = spawnSync(program, ['-bt', `-C${cf}`], {
    input: `${questions.join('\n')}\n`,
    encoding: 'utf8',
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C', RES_OPTIONS: 'timeout:1 attempts:1' },
    timeout: TIMEOUT_MS,
  });
  if (error === undefined) return stdout;
  throw refused(`${program} -bt failed: ${error.message}`);
}

const TIMEOUT_MS = 60_000; // milliseconds without the DNS, which rules may ask for names
