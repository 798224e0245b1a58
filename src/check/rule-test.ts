/**
 * Sendmail's test mode (`sendmail -bt`): what a configuration would answer a client, without a daemon and without a
 * message. It only reads: the maps that the configuration names are opened as the daemon opens them.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';

// In the PATH may be another MTA's program of that name. Debian, Fedora, the rest.
const PROGRAMS = [
  '/usr/libexec/sendmail/sendmail',
  '/usr/sbin/sendmail.sendmail',
  '/usr/sbin/sendmail',
  '/usr/lib/sendmail',
];
const TIMEOUT_MS = 30_000; // 11 ms, where no rule asks the DNS
/** No other host's, and with the dot at its end nobody looks it up in the DNS. */
const RECIPIENT = 'relaypass-probe@relaypass.invalid.';

const GREETING = 'ADDRESS TEST MODE';

export interface RuleTest {
  /** What `check_rcpt` says of each client who would relay. */
  readonly verdicts: readonly Verdict[];
  /** What the map has for the key, undefined where it has none or cannot be read. */
  readonly value: string | undefined;
  /** All that Sendmail printed. */
  readonly output: string;
}

/** `said` is for messages. */
export interface Verdict {
  readonly kind: 'relayed' | 'refused' | 'postponed';
  readonly said: string;
}

export interface Question {
  /** A file, which Sendmail must find safe: no folder of its path may be writable for others. */
  readonly cf: string;
  /** As Sendmail spells addresses: `192.0.2.7`, `IPv6:2001:db8:0:0:0:0:0:7`. */
  readonly clients: readonly string[];
  readonly lookUp: { readonly map: string; readonly key: string };
}

/** Asks; undefined where this host has no Sendmail that answers. */
export async function testRules({ cf, clients, lookUp }: Question): Promise<RuleTest | undefined> {
  const input = [...clients.flatMap(commandsFor), `/map ${lookUp.map} ${lookUp.key}`].join('\n');
  for (const program of PROGRAMS.filter((file) => existsSync(file))) {
    const output = await converse(program, cf, `${input}\n`);
    const verdicts = [...output.matchAll(/^check_rcpt +returns: (.*)$/gm)].map(([, said = '']) => verdictOf(said));
    const value = /map_lookup: .* returns (.*) \(\d+\)$/m.exec(output)?.[1];
    if (output.startsWith(GREETING) && verdicts.length === clients.length) return { verdicts, value, output };
  }
  return undefined;
}

function converse(program: string, cf: string, input: string): Promise<string> {
  return new Promise((resolve) => {
    const limits = { timeout: TIMEOUT_MS, killSignal: 'SIGKILL' } as const;
    const child = execFile(program, ['-bt', '-C', cf], limits, (_, stdout, stderr) => resolve(stdout + stderr));
    child.stdin?.on('error', () => undefined); // another MTA's program has ended already
    child.stdin?.end(input);
  });
}

function commandsFor(client: string): string[] {
  return [
    `.D{client_addr}${client}`,
    `.D{client_name}[${client}]`,
    '.D{client_resolve}FAIL',
    `check_rcpt ${RECIPIENT}`,
  ];
}

function verdictOf(said: string): Verdict {
  if (/^\$# ?(error \$@ 4|.*"4\d\d)/.test(said)) return { kind: 'postponed', said };
  return { kind: /^\$# ?(error|discard)/.test(said) ? 'refused' : 'relayed', said };
}
