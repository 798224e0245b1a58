/**
 * A pattern's samples: real lines, each below its verdict.
 *
 *     # login address=198.51.100.1 user=alice service=imap
 *     Nov 23 18:00:00 mx dovecot: imap-login: Login: user=<alice>, ...
 *
 *     # failure address=198.51.100.1 user=alice service=imap
 *     Nov 23 18:00:01 mx dovecot: imap-login: Disconnected (auth failed, ...
 *
 *     # nothing
 *     Nov 23 18:00:02 mx dovecot: imap-login: Login: user=<x>, method=PLAIN, rip=203.0.113.66, ...>, method=PLAIN, ...
 *
 * A verdict holds for the lines up to the next one or an empty line, read in order by a matcher of their own; all but
 * `nothing` are for exactly one in them. A value with spaces stands in JSON quotes; `##` starts a comment.
 */
import { EXIT, OperationalError } from '../errors.ts';
import type { Batch } from '../source/source.ts';
import type { CompiledRegex } from './compile.ts';
import { FailureReader, type Failure } from './failures.ts';
import type { Match } from './match.ts';
import { Matcher } from './matcher.ts';
import type { Pattern } from './pattern.ts';
import { singles } from './singles.ts';

/** Lines and what must be found in them. */
export interface Sample {
  readonly kind: Found['kind'] | 'nothing';
  /** Of what is found: `address`, `user`, `service`, `session`, `server`. */
  readonly facts: Readonly<Record<string, string>>;
  readonly lines: string[];
  /** Of the verdict in the file, from 1. */
  readonly line: number;
}

/** @throws OperationalError `pattern-invalid` where `text` is no samples file */
export function parseSamples(file: string, text: string): Sample[] {
  const samples: Sample[] = [];
  let current: Sample | undefined;
  for (const [index, line] of text.split('\n').entries()) {
    if (line.startsWith('##')) continue;
    if (line.startsWith('# ')) {
      current = { ...verdictOf(file, index + 1, line), lines: [], line: index + 1 };
      samples.push(current);
    } else if (line === '') current = undefined;
    else if (current === undefined) throw invalid(file, index + 1, 'a line without its verdict above it');
    else current.lines.push(line);
  }
  return samples;
}

/**
 * Runs `pattern` over its samples.
 * @throws OperationalError `pattern-invalid` naming the verdict that does not hold, or the regex without a sample
 */
export function checkSamples(pattern: Pattern, file: string, text: string): void {
  const samples = parseSamples(file, text);
  for (const sample of samples) {
    const complaint = complaintOf(sample, foundIn(sample, pattern));
    if (complaint !== undefined) throw invalid(file, sample.line, complaint);
  }
  if (!samples.some(({ kind }) => kind === 'nothing')) throw invalid(file, 1, 'no sample of a line that is no login');
  const lines = samples.flatMap((sample) => sample.lines);
  for (const [index, { kind, regex }] of regexesOf(pattern).entries()) {
    if (lines.some((line) => messagesOf(line).some((message) => regex.match(message)))) continue;
    throw invalid(file, 1, `no sample that regex ${index + 1} of ${pattern.name} (${kind}) matches`);
  }
}

function regexesOf({ rules, failures }: Pattern): { readonly kind: string; readonly regex: CompiledRegex }[] {
  return [...rules, ...failures.map(({ regex }) => ({ kind: 'failure', regex }))];
}

type Found = Match | (Failure & { readonly kind: 'failure' });

function foundIn({ lines }: Sample, pattern: Pattern): Found[] {
  const bytes = Buffer.from(`${lines.join('\n')}\n`);
  const batch: Batch = { kind: 'lines', bytes, checkpoint: {}, notices: [] };
  const reader = new FailureReader([pattern], 'samples');
  const failures = [...singles(batch)].flatMap((single) => reader.read(single, SAMPLES_AT));
  return [
    ...new Matcher([pattern], 'samples').match(batch, SAMPLES_AT),
    ...failures.map((each) => ({ ...each, kind: 'failure' as const })),
  ];
}

/** Stamps without a year are of the year around it; any other instant would do. */
const SAMPLES_AT = Date.UTC(2026, 10, 30);

function complaintOf({ kind, facts, lines }: Sample, found: readonly Found[]): string | undefined {
  if (lines.length === 0) return 'a verdict without a line below it';
  if (kind === 'nothing') return found[0] && `expected nothing, found ${describe(found[0])}`;
  const granted = kind === 'failure' && found.find((one) => one.kind === 'login');
  if (granted) return `expected a failure, found ${describe(granted)}`;
  const [match, ...others] = found.filter((one) => one.kind === kind);
  if (match === undefined) return `expected a ${kind}, found ${found[0] ? describe(found[0]) : 'nothing'}`;
  if (others.length > 0) return `expected one ${kind}, found ${others.length + 1}`;
  const wrong = Object.entries(facts).find(([name, value]) => factOf(match, name) !== value);
  return wrong && `expected ${wrong[0]}=${wrong[1]}, found ${describe(match)}`;
}

function factOf(found: Found, name: string): string | undefined {
  const { address, user, service } = found;
  if (found.kind === 'failure') return { address, user, service }[name];
  return { address, user, service, session: found.session, server: found.serverAddress }[name];
}

function describe({ kind, address, user, service }: Found): string {
  return `${kind} address=${address} user=${JSON.stringify(user)} service=${service}`;
}

/** Every end of `line` that starts after a space: its message is one of them, whatever its header. */
function messagesOf(line: string): string[] {
  return [...line.matchAll(/ /g)].map(({ index }) => line.slice(index + 1));
}

function verdictOf(file: string, line: number, comment: string): Pick<Sample, 'kind' | 'facts'> {
  const [, word, rest = ''] = /^# (\w+)((?: .*)?)$/.exec(comment) ?? [];
  const kind = KINDS.find((known) => known === word);
  if (kind === undefined) throw invalid(file, line, `expected ${KINDS.map((known) => `"# ${known}"`).join(', ')}`);
  const facts: Record<string, string> = {};
  for (const [, name = '', value = ''] of rest.matchAll(/(\w+)=("(?:[^"\\]|\\.)*"|[^ ]*)/g)) {
    facts[name] = value.startsWith('"') ? String(JSON.parse(value)) : value;
  }
  const missing = REQUIRED_FACTS[kind].find((name) => !(name in facts));
  if (missing !== undefined) throw invalid(file, line, `expected ${missing}=`);
  return { kind, facts };
}

const KINDS = ['login', 'failure', 'logout', 'nothing'] as const;
/** Of a failed login's user a line may tell nothing. */
const REQUIRED_FACTS: Readonly<Record<Sample['kind'], readonly string[]>> = {
  login: ['address', 'user', 'service'],
  failure: ['address', 'service'],
  logout: [],
  nothing: [],
};

function invalid(file: string, line: number, reason: string): OperationalError {
  return new OperationalError('pattern-invalid', EXIT.config, `${file}:${line}: ${reason}`);
}
