/**
 * Reads a TOML file and checks it against a schema. The only file that imports smol-toml, and the one that turns its
 * and zod's complaints into `file:line: option: what is wrong` (exit 78).
 *
 * Limits: smol-toml keeps no positions for a document that parses, so the line of a bad value is found by looking for
 * its key below its table's header; where that fails the message names the option alone.
 */
import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { parse, TomlError } from 'smol-toml';
import type * as z from 'zod';
import { errnoOf, EXIT, OperationalError, reasonOf } from '../errors.ts';
import { escapeControls } from '../log.ts';
import { complaintOf } from './complaint.ts';

/**
 * The checked content of `file`.
 * @throws OperationalError `config-missing`, `config-unreadable` or `config-invalid`, exit 78 (66 is not used: the
 * file is part of the configuration)
 */
export function loadToml<T extends z.ZodType>(file: string, schema: T): z.output<T> {
  return checkToml(file, readToml(file), schema);
}

/** The text of `file`, not looked at. */
export function readToml(file: string): string {
  const bytes = readBytes(file);
  if (isUtf8(bytes)) return bytes.toString('utf8');
  const line =
    bytes
      .toString('latin1')
      .split('\n')
      .findIndex((each) => !isUtf8(Buffer.from(each, 'latin1'))) + 1;
  const message = `${file}:${line}: not valid TOML: expected UTF-8; convert the file: iconv -f ISO-8859-1 -t UTF-8`;
  throw new OperationalError('config-invalid', EXIT.config, message);
}

function readBytes(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    const code = errnoOf(error) === 'ENOENT' ? 'config-missing' : 'config-unreadable';
    throw new OperationalError(code, EXIT.config, `${file}: cannot be read: ${reasonOf(error)}`, { cause: error });
  }
}

/** A TOML document as it is written, and the line, from 1, on which an option such as `map[1].type` is set. */
export interface TomlLines {
  readonly value: unknown;
  readonly lineOf: (option: string) => number | undefined;
}

/**
 * The content of `file`, unchecked.
 * @throws OperationalError as {@link loadToml}
 */
export function readTomlWithLines(file: string): TomlLines {
  const text = readToml(file);
  const lines = keysByLine(text);
  return { value: parseToml(file, text), lineOf: (option) => lines.get(option) };
}

/** As {@link loadToml} for a text already read; `file` only names it in messages. */
export function checkToml<T extends z.ZodType>(file: string, text: string, schema: T): z.output<T> {
  // jitless: each schema meets a text or two, and compiling takes longer
  const result = schema.safeParse(parseToml(file, text), { jitless: true, error: complaintOf });
  if (result.success) return result.data;
  const complaints = result.error.issues.flatMap(flatten).map(({ path, message }) => {
    const line = lineOf(text, path);
    const where = line === undefined ? file : `${file}:${line}`;
    return escapeControls(`${where}: ${nameOf(path) || 'file'}: ${message}`);
  });
  throw new OperationalError('config-invalid', EXIT.config, complaints.join('\n'), { cause: result.error });
}

function parseToml(file: string, text: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const what = error.message.replace(/^Invalid TOML document: /, '').split('\n', 1)[0];
    const line = text.split('\n')[error.line - 1]?.trim() ?? '';
    const todo = UNQUOTED.test(line) ? '; a text or a duration stands in quotes' : '';
    const message = `${file}:${error.line}:${error.column}: not valid TOML: ${what}: ${escapeControls(line)}${todo}`;
    throw new OperationalError('config-invalid', EXIT.config, message, { cause: error });
  }
}

const UNQUOTED = /=\s*(?!true\b|false\b)[\w/@.]*[a-z/@][\w/@.-]*\s*(#|$)/i;

type Path = readonly PropertyKey[];

function flatten(issue: z.core.$ZodIssue): { path: Path; message: string }[] {
  if (issue.code !== 'unrecognized_keys') return [{ path: issue.path, message: issue.message }];
  return issue.keys.map((key) => ({ path: [...issue.path, key], message: 'unknown option' }));
}

/** `map[0].path` for `['map', 0, 'path']`, as an admin counts: from 1. */
function nameOf(path: Path): string {
  return path.reduce<string>((name, part) => {
    if (typeof part === 'number') return `${name}[${part + 1}]`;
    return name === '' ? String(part) : `${name}.${String(part)}`;
  }, '');
}

/** The line, from 1, on which the deepest findable part of `path` is set. */
export function lineOf(text: string, path: Path): number | undefined {
  const keys = keysByLine(text);
  for (let depth = path.length; depth > 0; depth--) {
    const name = nameOf(path.slice(0, depth));
    const found = keys.get(name) ?? keys.get(`${name}[1]`);
    if (found !== undefined) return found;
  }
  return undefined;
}

const HEADER = /^\s*(\[\[?)\s*([^\]]+?)\s*\]\]?/;
const KEY = /^\s*("[^"]*"|'[^']*'|[\w-]+)\s*=/;

function keysByLine(text: string): Map<string, number> {
  const lines = new Map<string, number>();
  const lengths = new Map<string, number>();
  let table = '';
  for (const [index, line] of text.split('\n').entries()) {
    const header = HEADER.exec(line);
    if (header?.[2] !== undefined) {
      table = header[1] === '[[' ? nextOf(header[2], lengths) : withIndexes(header[2], lengths);
      if (!lines.has(table)) lines.set(table, index + 1);
      continue;
    }
    const key = KEY.exec(line)?.[1]?.replace(/^["']|["']$/g, '');
    if (key === undefined) continue;
    const name = table === '' ? key : `${table}.${key}`;
    if (!lines.has(name)) lines.set(name, index + 1);
  }
  return lines;
}

function nextOf(name: string, lengths: Map<string, number>): string {
  const parent = withIndexes(name.split('.').slice(0, -1).join('.'), lengths);
  const own = name.split('.').at(-1) ?? name;
  const array = parent === '' ? own : `${parent}.${own}`;
  const length = (lengths.get(array) ?? 0) + 1;
  lengths.set(array, length);
  return `${array}[${length}]`;
}

/** `map.base` -> `map[2].base` when two `[[map]]` came before. */
function withIndexes(name: string, lengths: Map<string, number>): string {
  let full = '';
  for (const part of name.split('.')) {
    if (part === '') continue;
    full = full === '' ? part : `${full}.${part}`;
    const length = lengths.get(full);
    if (length !== undefined) full = `${full}[${length}]`;
  }
  return full;
}
