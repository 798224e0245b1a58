/**
 * Postfix's part: the map among the restrictions that decide about relaying, right before what refuses. Both lists need
 * it where both refuse. What Postfix would use by default stays in force where main.cf is silent.
 *
 * Nothing is taken on trust: the new main.cf is read by postconf beside the old one, and must differ in the added words
 * and in nothing else.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { additions, postfixRestriction, postfixTable, refusalIn, withAdded, wordsOf } from '../check/wiring.ts';
import type { OperationalError } from '../errors.ts';
import { SENTINEL } from '../map/render.ts';
import type { MapTarget } from '../map/target.ts';
import type { MapTools } from '../map/tools.ts';
import type { Plan } from './change.ts';
import { appendDefinition, defines, insertRestriction } from './main-cf.ts';
import { LISTS, PostfixTools } from './postfix-tools.ts';
import { refused } from './refused.ts';

/** @throws OperationalError `setup-refused`, 69, where the configuration is none that can be changed safely */
export function planPostfix(target: MapTarget, tools: MapTools, ipv6Prefix: 64 | 128): Plan {
  const postfix = new PostfixTools(tools);
  const folder = postfix.ask('postconf', ['-h', 'config_directory']).trim();
  const file = path.join(folder, 'main.cf');
  const before = readFileSync(file, 'utf8');
  const wanted = LISTS.map((name) => wantedList(postfix, name, target, ipv6Prefix)).filter(
    (list) => list !== undefined,
  );
  if (wanted.length === 0) throw refused(`${file}: no list refuses to relay, so none can be opened for a map`);
  const after = wanted.reduce((text, list) => written(file, text, list), before);
  return {
    changes: after === before ? [] : [{ file, before, after }],
    prove: async () => proveText(postfix, { folder, before, after }, wanted),
    confirm: async () => confirmReading(postfix, target),
  };
}

interface WantedList {
  readonly name: (typeof LISTS)[number];
  /** As Postfix uses it now, what it refers to in the place of each reference. */
  readonly now: readonly string[];
  /** What comes into it before its first word that refuses; nothing where it is there already. */
  readonly added: readonly string[];
}

/** Undefined where the list refuses nobody, so that the map has nothing to do in it. */
function wantedList(
  postfix: PostfixTools,
  name: WantedList['name'],
  target: MapTarget,
  ipv6Prefix: 64 | 128,
): WantedList | undefined {
  const now = wordsOf(postfix.ask('postconf', ['-xh', name]));
  const refusal = refusalIn(now);
  if (refusal < 0) return undefined;
  const table = postfixTable(target, ipv6Prefix);
  const before = now.slice(0, refusal);
  if (before.some((word, index) => isSame(word, table) && before[index - 1] === 'check_client_access'))
    return { name, now, added: [] };
  if (now.some((word) => word.includes(`${target.type}:${target.path}`))) {
    const where = `main.cf: ${name} names ${target.type}:${target.path} in another way or place`;
    throw refused(
      `${where}: take it out, or write "${postfixRestriction(target, ipv6Prefix)}" by hand, before what refuses`,
    );
  }
  return { name, now, added: additions(now, postfixRestriction(target, ipv6Prefix)) };
}

/** Blanks in braces mean nothing. */
function isSame(word: string, table: string): boolean {
  return word.replaceAll(/\s/g, '') === table;
}

function written(file: string, text: string, { name, now, added }: WantedList): string {
  if (added.length === 0) return text;
  if (!defines(text, name)) return appendDefinition(text, name, withAdded(now, added));
  const inserted = insertRestriction(text, name, added);
  if (inserted !== undefined) return inserted;
  const what = `${file}: what refuses in ${name} is not written there, but in something that it refers to`;
  throw refused(`${what}: write "${added.join(', ')}" by hand, before that`);
}

interface Texts {
  readonly folder: string;
  readonly before: string;
  readonly after: string;
}

function proveText(postfix: PostfixTools, { folder, before, after }: Texts, lists: readonly WantedList[]): void {
  const [was, is] = [before, after].map((text) => postfix.settingsOf(folder, text));
  for (const [name, value] of is ?? []) {
    const list = lists.find((wanted) => wanted.name === name);
    const expected = list === undefined ? was?.get(name) : bareWords(withAdded(list.now, list.added));
    const found = list === undefined ? value : bareWords(value);
    if (found !== expected) throw unproven(`${name} would be "${value}"`);
  }
  const lost = [...(was?.keys() ?? [])].find((name) => is?.has(name) !== true);
  if (lost !== undefined) throw unproven(`${lost} would be lost`);
}

/** However the words are separated. */
function bareWords(list: string): string {
  return wordsOf(list).join(' ');
}

function unproven(what: string): OperationalError {
  return refused(`main.cf: ${what}, which is not what was meant: nothing was changed; write the lines by hand`);
}

function confirmReading(postfix: PostfixTools, { type, path: map }: MapTarget): void {
  if (postfix.ask('postmap', ['-q', SENTINEL.key, `${type}:${map}`]).trim() !== SENTINEL.value)
    throw refused(`${type}:${map}: Postfix cannot read it: run "relaypass sweep" and see why`);
  postfix.ask('postfix', ['check']);
}
