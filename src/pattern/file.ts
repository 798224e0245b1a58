/**
 * Reads a pattern file, `NAME.toml`, with its samples in `NAME.samples` beside it. A file is used whole or not at all:
 * every regex must pass the rules of regex-rules.ts, and every sample's verdict must hold.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod';
import { parseDuration } from '../config/duration.ts';
import { checkToml, lineOf } from '../config/toml.ts';
import { errnoOf, EXIT, OperationalError, reasonOf } from '../errors.ts';
import { compileRegex, compileRegexLater, type CompiledRegex } from './compile.ts';
import { MIN_CUT_BYTES } from './cut-lines.ts';
import type { FailureRule, Pattern, Rule } from './pattern.ts';
import { prepare, recall, type Prepared } from './prepared.ts';
import { RegexError } from './regex-syntax.ts';
import { checkSamples } from './samples.ts';

const tag = z.string().regex(/^[\w./-]{0,48}$/, 'expected a syslog tag without pid, such as "dovecot"');
const openDuration = z.string().transform((text, context) => {
  const ms = parseDuration(text);
  if (ms !== undefined && ms >= 1000 && ms <= MAX_OPEN_MS) return ms;
  context.addIssue(`expected a duration from "1s" to "10m", found "${text}"`);
  return z.NEVER;
});

/** After a while a pid is another client's. */
const MAX_OPEN_MS = 600_000;
const USER_LIMIT = 255;

/** More are not one server's. */
const MAX_RULES = 64;

const companion = z.array(z.strictObject({ regex: z.string().describe('Its line.') })).default([]);
const service = z
  .enum(['imap', 'pop3', 'smtp'])
  .optional()
  .describe('Where the line does not tell. Default: what the tag says.');
const needsOpen = z
  .enum(['no', 'always', 'where-logged'])
  .default('no')
  .describe(
    '`always`: the address is in an [[open]] line of the same pid or key; `where-logged`: such a line must precede it where the server writes them.',
  );
const login = z.strictObject({
  regex: z
    .string()
    .describe('Groups `user` and `address`; `service`, `session`, `key` and `server` where the line has them.'),
  service,
  needs_open: needsOpen,
});
const failure = z.strictObject({
  regex: z.string().describe('Group `address`; `user`, `service` and `key` where the line has them.'),
  reason: z.string().min(1).describe('What it means, for people: `wrong password or unknown user`.'),
  service,
  needs_open: needsOpen,
});

/** A pattern file. */
export const patternSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]*$/, 'expected lower-case letters, digits and "-"')
    .describe("The file's own name."),
  title: z.string().min(1).describe('The server, for people.'),
  author: z.string().min(1).describe('Who wrote the pattern.'),
  seen: z.array(z.string()).default([]).describe('Versions whose own lines were read, where they are known.'),
  facts: z.string().min(1).describe('Where the shapes are known from.'),
  tags: z.array(tag.min(1)).default([]).describe('Syslog tags, without pid, that its lines may come from.'),
  own_tags: z
    .array(tag)
    .default([])
    .describe("Tags in the server's own log file, whose lines name no host; an empty one for lines without a tag."),
  units: z
    .array(z.string().min(1))
    .default([])
    .describe('systemd units that may write its lines into the journal; `name@.service` is every instance.'),
  uids: z
    .array(z.int().min(0))
    .default([0])
    .describe('Users that may, where journald does not know the unit any more.'),
  off_by_default: z.boolean().default(false).describe('Used only where `patterns.use` names it.'),
  user_limit: z.int().min(1).max(USER_LIMIT).default(USER_LIMIT).describe('A longer user name is not believed.'),
  cut_bytes: z
    .int()
    .min(MIN_CUT_BYTES)
    .optional()
    .describe(
      'Its logger cuts longer messages and logs the rest as lines of their own: no message of its tags that is so long is believed, nor those right after it.',
    ),
  open_for: openDuration.prefault('1m').describe('How long an [[open]] line waits for its [[login]], 1s to 10m.'),
  login: z.array(login).min(1).describe('A login has succeeded.'),
  failure: z.array(failure).default([]).describe('A login has failed. It grants nothing: `show` tells of it.'),
  open: companion.describe('A client has connected: groups `address` and, where no pid joins the lines, `key`.'),
  close: companion.describe('It has failed or gone.'),
  logout: companion.describe('A session has ended: group `session`.'),
});

type PatternFile = z.output<typeof patternSchema>;

/** A file's path and text, for messages, and how its regexes are compiled. */
interface Source {
  readonly file: string;
  readonly text: string;
  readonly compile: (regex: string) => CompiledRegex;
}

/**
 * The pattern of `file`, checked against its samples.
 * @throws OperationalError `pattern-invalid` or `config-invalid`, exit 78, with file, line and reason
 */
export function loadPattern(file: string): Pattern {
  const pattern = readPattern(file);
  const samples = file.replace(/\.toml$/, '.samples');
  checkSamples(pattern, samples, readText(samples));
  return pattern;
}

/** The same without its samples, for a pattern in progress. */
export function readPattern(file: string): Pattern {
  return patternOf({ file, text: readText(file), compile: compileRegex });
}

/**
 * The same for a shipped file, whose samples and regexes the tests try. `prepared` is taken instead, if it is of this
 * text; should somebody have edited the file, all but the samples is checked.
 */
export function readShippedPattern(file: string, prepared?: Prepared): Pattern {
  const text = readText(file);
  return recall(prepared, text) ?? patternOf({ file, text, compile: compileRegexLater });
}

/** What the build keeps of a shipped file. */
export function prepareShippedPattern(file: string): Prepared {
  return prepare(readShippedPattern(file), readText(file));
}

function patternOf(source: Source): Pattern {
  const { file } = source;
  const content = checkToml(file, source.text, patternSchema);
  const name = path.basename(file, '.toml');
  if (content.name !== name) throw invalid(source, ['name'], `expected the file's own, "${name}"`);
  if (content.tags.length + content.own_tags.length === 0) throw invalid(source, [], 'neither tags nor own_tags');
  return {
    name,
    title: content.title,
    tags: content.tags,
    ownTags: content.own_tags,
    trusted: { units: content.units, uids: content.uids },
    offByDefault: content.off_by_default,
    userLimit: content.user_limit,
    cutBytes: content.cut_bytes,
    openMs: content.open.length === 0 ? 0 : content.open_for,
    rules: rulesOf(source, content),
    failures: failuresOf(source, content),
  };
}

function rulesOf(source: Source, content: PatternFile): Rule[] {
  const rules: Rule[] = [
    ...content.login.map((one, index): Rule => {
      const regex = compile(source, 'login', index, one.regex);
      return { kind: 'login', regex, service: one.service, needsOpen: one.needs_open };
    }),
    ...(['open', 'close', 'logout'] as const).flatMap((kind) =>
      content[kind].map(({ regex }, index): Rule => {
        return { kind, regex: compile(source, kind, index, regex), service: undefined, needsOpen: 'no' };
      }),
    ),
  ];
  if (rules.length > MAX_RULES) throw invalid(source, ['login'], `more than ${MAX_RULES} regexes`);
  checkOpen(source, content, 'login');
  return rules;
}

function failuresOf(source: Source, content: PatternFile): FailureRule[] {
  if (content.failure.length > MAX_RULES) throw invalid(source, ['failure'], `more than ${MAX_RULES} regexes`);
  checkOpen(source, content, 'failure');
  return content.failure.map((one, index): FailureRule => {
    const regex = compile(source, 'failure', index, one.regex);
    if (one.needs_open !== 'always' && !regex.groups.has('address'))
      throw invalid(source, ['failure', index, 'regex'], 'no group "address"');
    return { regex, reason: one.reason, service: one.service, needsOpen: one.needs_open };
  });
}

function checkOpen(source: Source, content: PatternFile, kind: 'login' | 'failure'): void {
  const needs = content[kind].findIndex((one) => one.needs_open !== 'no');
  if (needs >= 0 && content.open.length === 0) throw invalid(source, [kind, needs, 'needs_open'], 'no [[open]]');
}

function compile(source: Source, kind: Rule['kind'] | 'failure', index: number, regex: string): CompiledRegex {
  const option = [kind, index, 'regex'];
  try {
    const compiled = source.compile(regex);
    const missing = REQUIRED_GROUPS[kind].find((group) => !compiled.groups.has(group));
    if (missing !== undefined) throw new RegexError(0, `no group "${missing}"`);
    return compiled;
  } catch (error) {
    if (!(error instanceof RegexError)) throw error;
    throw invalid(source, option, `${placeOf(source, option, regex, error.index)}: ${error.message}`);
  }
}

/** A login may take its address from its open line; one that has neither yields nothing. */
const REQUIRED_GROUPS = { login: ['user'], failure: [], open: ['address'], close: [], logout: ['session'] } as const;

/** The column in the file, where the regex stands on one line as written. */
function placeOf({ text }: Source, option: readonly PropertyKey[], regex: string, index: number): string {
  const line = lineOf(text, option);
  const column = line === undefined ? -1 : (text.split('\n')[line - 1] ?? '').indexOf(regex);
  return column < 0 ? `character ${index + 1}` : `column ${column + index + 1}`;
}

function invalid(
  { file, text }: Pick<Source, 'file' | 'text'>,
  option: readonly PropertyKey[],
  reason: string,
): OperationalError {
  const line = lineOf(text, option);
  const where = line === undefined ? file : `${file}:${line}`;
  const name = option.filter((part) => typeof part === 'string').join('.');
  return new OperationalError('pattern-invalid', EXIT.config, `${where}: ${name === '' ? '' : `${name}: `}${reason}`);
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const isUnsampled = errnoOf(error) === 'ENOENT' && file.endsWith('.samples');
    const why = isUnsampled ? 'a pattern without samples is not used' : reasonOf(error);
    throw new OperationalError('pattern-invalid', EXIT.config, `${file}: cannot be read: ${why}`, { cause: error });
  }
}
