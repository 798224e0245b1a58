/**
 * Reads a pattern file, `NAME.toml`, with its samples in `NAME.samples` beside it. A file is used whole or not at all:
 * every regex must pass the rules of regex-rules.ts, and every sample's verdict must hold.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { parseDuration } from '../config/duration.ts';
import { checkToml, lineOf } from '../config/toml.ts';
import { errnoOf, EXIT, OperationalError, reasonOf } from '../errors.ts';
import { compileRegex, type CompiledRegex } from './compile.ts';
import type { Pattern, Rule } from './pattern.ts';
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

const companion = z.array(z.strictObject({ regex: z.string() })).default([]);
const login = z.strictObject({
  /** Groups `user` and `address`; `service`, `session`, `key` and `server` (its own address) where the line has them. */
  regex: z.string(),
  service: z.enum(['imap', 'pop3', 'smtp']).optional(),
  needs_open: z.enum(['no', 'always', 'where-logged']).default('no'),
});

const patternSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9-]*$/, 'expected lower-case letters, digits and "-"'),
  title: z.string().min(1),
  author: z.string().min(1),
  /** Versions of captured lines, where they are known. */
  seen: z.array(z.string()).default([]),
  /** Where the shapes are known from. */
  facts: z.string().min(1),
  tags: z.array(tag.min(1)).default([]),
  own_tags: z.array(tag).default([]),
  /** systemd units that may write its lines into the journal; `name@.service` is every instance. */
  units: z.array(z.string().min(1)).default([]),
  /** Users that may, where journald does not know the unit any more. */
  uids: z.array(z.int().min(0)).default([0]),
  off_by_default: z.boolean().default(false),
  user_limit: z.int().min(1).max(USER_LIMIT).default(USER_LIMIT),
  open_for: openDuration.prefault('1m'),
  login: z.array(login).min(1),
  /** A client has connected: groups `address` and, where pids do not join its lines, `key`. */
  open: companion,
  /** It has failed or gone. */
  close: companion,
  /** A session has ended: group `session`. */
  logout: companion,
});

type PatternFile = z.output<typeof patternSchema>;

/** A file's path and text, for messages. */
interface Source {
  readonly file: string;
  readonly text: string;
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
  const source = { file, text: readText(file) };
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
    openMs: content.open_for,
    rules: rulesOf(source, content),
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
  const needs = content.login.findIndex((one) => one.needs_open !== 'no');
  if (needs >= 0 && content.open.length === 0) throw invalid(source, ['login', needs, 'needs_open'], 'no [[open]]');
  return rules;
}

function compile(source: Source, kind: Rule['kind'], index: number, regex: string): CompiledRegex {
  const option = [kind, index, 'regex'];
  try {
    const compiled = compileRegex(regex);
    const missing = REQUIRED_GROUPS[kind].find((group) => !compiled.groups.has(group));
    if (missing !== undefined) throw new RegexError(0, `no group "${missing}"`);
    return compiled;
  } catch (error) {
    if (!(error instanceof RegexError)) throw error;
    throw invalid(source, option, `${placeOf(source, option, regex, error.index)}: ${error.message}`);
  }
}

/** A login may take its address from its open line; one that has neither yields nothing. */
const REQUIRED_GROUPS = { login: ['user'], open: ['address'], close: [], logout: ['session'] } as const;

/** The column in the file, where the regex stands on one line as written. */
function placeOf({ text }: Source, option: readonly PropertyKey[], regex: string, index: number): string {
  const line = lineOf(text, option);
  const column = line === undefined ? -1 : (text.split('\n')[line - 1] ?? '').indexOf(regex);
  return column < 0 ? `character ${index + 1}` : `column ${column + index + 1}`;
}

function invalid({ file, text }: Source, option: readonly PropertyKey[], reason: string): OperationalError {
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
