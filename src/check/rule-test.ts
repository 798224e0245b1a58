/**
 * Sendmail's test mode (`sendmail -bt`): what a configuration would answer a client, without a daemon and without a
 * message. It only reads: the maps that the configuration names are opened as the daemon opens them.
 */
import { execFile } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';

// In the PATH may be another MTA's program of that name. Debian's two, Fedora, the rest.
const PROGRAMS = [
  '/usr/libexec/sendmail/sendmail',
  '/usr/sbin/sendmail-mta',
  '/usr/sbin/sendmail.sendmail',
  '/usr/sbin/sendmail',
  '/usr/lib/sendmail',
];
const TIMEOUT_MS = 60_000; // 11 ms, where no rule asks the DNS

const GREETING = /^ADDRESS TEST MODE/m; // after a warning, where the host's name has no domain

/** What to do where Sendmail gives no answer. */
export const WHEN_SILENT =
  'where "hostname --fqdn" has no dot, each start of Sendmail waits a minute: have the name with its domain first in ' +
  '/etc/hosts, as in "192.0.2.25 mx.example.com mx"; else see what "sendmail -bt" says';

/** No host's recipient, so that mail for it is relayed; with the dot at its end nobody looks it up in the DNS. */
export const ELSEWHERE = 'relaypass-probe@relaypass.invalid.';

export interface RuleTest {
  /** What `check_rcpt` says of each client: about each recipient of the first, then of the second... */
  readonly verdicts: readonly Verdict[];
  /** What the map has for the key, undefined where it has none or cannot be read. */
  readonly value: string | undefined;
  /** A line in which Sendmail says what it cannot do. */
  readonly complaint: string | undefined;
}

/** `relayed`: taken at least. `said` is Sendmail's own word. */
export interface Verdict {
  readonly kind: 'relayed' | 'refused' | 'postponed';
  readonly said: string;
}

export interface Question {
  /** As Sendmail spells addresses: `192.0.2.7`, `IPv6:2001:db8:0:0:0:0:0:7`. */
  readonly clients: readonly string[];
  readonly recipients: readonly string[];
  readonly lookUp: { readonly map: string; readonly key: string };
}

/**
 * Asks; undefined where this host has no Sendmail that answers.
 * @param cf which Sendmail must find safe, and its maps too: no folder of their paths may be writable for others
 */
export async function testRules(cf: string, question: Question): Promise<RuleTest | undefined> {
  const { clients, recipients, lookUp } = question;
  const asked = clients.flatMap((client) => commandsFor(client, recipients));
  const input = [...asked, `/map ${lookUp.map} ${lookUp.key}`].join('\n');
  for (const program of PROGRAMS.filter((file) => existsSync(file))) {
    const answer = answerIn(await converse(program, cf, `${input}\n`), clients.length * recipients.length);
    if (answer !== undefined) return answer;
  }
  return undefined;
}

/** What Sendmail said; undefined where that is not `count` verdicts, or not Sendmail's. */
export function answerIn(output: string, count: number): RuleTest | undefined {
  const verdicts = [...output.matchAll(/^check_rcpt +returns: (.*)$/gm)].map(([, said = '']) => verdictOf(said));
  const value = /map_lookup: .* returns (.*) \(\d+\)$/m.exec(output)?.[1];
  const complaint = /^.*(?:unsafe|missing|cannot|error).*$/im.exec(output)?.[0];
  return GREETING.test(output) && verdicts.length === count ? { verdicts, value, complaint } : undefined;
}

/** Asks a configuration that is written to `copy` for it. */
export async function testCopy(copy: string, text: string, question: Question): Promise<RuleTest | undefined> {
  writeFileSync(copy, text + QUICK_DNS, { mode: 0o600 });
  return testRules(copy, question);
}

// Whatever a rule of the admin looks up there: one try of a second.
const QUICK_DNS = '\nO Timeout.resolver.retry=1\nO Timeout.resolver.retrans=1s\n';

function converse(program: string, cf: string, input: string): Promise<string> {
  return new Promise((resolve) => {
    const limits = { timeout: TIMEOUT_MS, killSignal: 'SIGKILL' } as const;
    const child = execFile(program, ['-bt', '-C', cf], limits, (_, stdout, stderr) => resolve(stdout + stderr));
    child.stdin?.on('error', () => undefined); // another MTA's program has ended already
    child.stdin?.end(input);
  });
}

function commandsFor(client: string, recipients: readonly string[]): string[] {
  return [
    `.D{client_addr}${client}`,
    `.D{client_name}[${client}]`,
    '.D{client_resolve}FAIL',
    ...recipients.map((recipient) => `check_rcpt ${recipient}`),
  ];
}

function verdictOf(said: string): Verdict {
  if (/^\$# ?(error \$@ 4|.*"4\d\d)/.test(said)) return { kind: 'postponed', said };
  return { kind: /^\$# ?(error|discard)/.test(said) ? 'refused' : 'relayed', said };
}
