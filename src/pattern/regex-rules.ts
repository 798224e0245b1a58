/**
 * What a pattern's regex must be, whoever wrote it, for a client to have no say in the address that it yields:
 *
 * - anchored: it starts with `^` and ends with `$`;
 * - up to its address it can be read in one way only: each repeat (`*`, `+`, `?`, `{}`) ends at what it cannot itself
 *   match, and alternatives that hold repeats start differently. So a field's text cannot move the address's place;
 * - past the address no repeat takes a character that ends a text field before it. So a field that holds its own end
 *   and a forged address leaves the true rest of the line over, and the regex does not match;
 * - the address group takes no more than an address is written with;
 * - no named group stands in a repeat: it would take the last of several texts, which a client may have written, and the
 *   two engines do not agree on what it took where its last round left it out.
 */
import { BEYOND_ASCII, codeOf, RegexError, type Node } from './regex-syntax.ts';

/** @throws RegexError that says which rule `regex` breaks, and where */
export function checkRegex(regex: Node): void {
  checkAnchors(regex);
  refuseRepeatedGroups(regex, false);
  const address = findGroup(regex, 'address');
  if (address === undefined) return;
  checkOneWay(regex, END, address.at);
  checkRest(regex, endersOf(regex, END, address.at), address.at);
  checkAddress(address);
}

/** The names of the groups, in their order. */
export function groupNames(node: Node): string[] {
  const own = node.kind === 'group' && node.name !== undefined ? [node.name] : [];
  return [...own, ...childrenOf(node).flatMap(groupNames)];
}

/** The longest text that every match holds; a line without it need not be looked at. */
export function requiredLiteral(regex: Node): string {
  return requiredRuns(regex).reduce((longest, run) => (run.length > longest.length ? run : longest), '');
}

function checkAnchors(regex: Node): void {
  const parts = regex.kind === 'sequence' ? regex.parts : [];
  const last = parts.at(-1);
  if (!isAnchor(parts[0], '^'))
    throw new RegexError(regex.at, 'does not start with "^": text inside a line could match');
  if (!isAnchor(last, '$')) throw new RegexError(last?.at ?? 0, 'does not end with "$": what follows would go unread');
  for (const part of parts.slice(1, -1)) refuseAnchors(part);
}

function refuseAnchors(node: Node): void {
  if (node.kind === 'anchor') throw new RegexError(node.at, `a "${node.char}" in the middle`);
  childrenOf(node).forEach(refuseAnchors);
}

function refuseRepeatedGroups(node: Node, isRepeated: boolean): void {
  if (isRepeated && node.kind === 'group' && node.name !== undefined)
    throw new RegexError(node.at, `the group "${node.name}" in a repeat: it would be read more than once`);
  const isAgain = isRepeated || (node.kind === 'repeat' && node.max > 1);
  childrenOf(node).forEach((child) => refuseRepeatedGroups(child, isAgain));
}

function isAnchor(node: Node | undefined, char: string): boolean {
  return node?.kind === 'anchor' && node.char === char;
}

function childrenOf(node: Node): readonly Node[] {
  if (node.kind === 'sequence') return node.parts;
  if (node.kind === 'choice') return node.options;
  return node.kind === 'group' || node.kind === 'repeat' ? [node.body] : [];
}

function findGroup(node: Node, name: string): Node | undefined {
  if (node.kind === 'group' && node.name === name) return node;
  for (const child of childrenOf(node)) {
    const found = findGroup(child, name);
    if (found !== undefined) return found;
  }
  return undefined;
}

type Chars = ReadonlySet<number>;

/** How a place in a regex can go on: its possible next characters, and the text that it surely starts with. */
interface Next {
  readonly chars: Chars;
  readonly lead: string;
}

const EMPTY: Chars = new Set();
const END: Next = { chars: EMPTY, lead: '' };

/** Parts that start at `limit` or later are past the address and free. */
function checkOneWay(node: Node, next: Next, limit: number): void {
  if (node.at >= limit) return;
  if (node.kind === 'sequence') {
    node.parts.forEach((part, index) => checkOneWay(part, nextOf(node.parts.slice(index + 1), next), limit));
    return;
  }
  if (node.kind === 'repeat' && node.min !== node.max) refuseOverlap(node, nextOf([node.body], END), next);
  if (node.kind === 'choice') checkChoice(node.options, next);
  const isAgain = node.kind === 'repeat' && node.max > 1;
  const afterBody = isAgain ? { chars: union(next.chars, firstOf(node.body)), lead: '' } : next;
  childrenOf(node).forEach((child) => checkOneWay(child, afterBody, limit));
}

function refuseOverlap(node: Node, own: Next, next: Next): void {
  const shared = [...own.chars].find((code) => next.chars.has(code));
  if (shared === undefined || areDifferent(own.lead, next.lead)) return;
  const what = shared === BEYOND_ASCII ? 'any text' : `"${String.fromCharCode(shared)}"`;
  throw new RegexError(node.at, `a repeat before the address that can take ${what}, which can also follow it`);
}

function areDifferent(a: string, b: string): boolean {
  const length = Math.min(a.length, b.length);
  return a.slice(0, length) !== b.slice(0, length);
}

function checkChoice(options: readonly Node[], next: Next): void {
  if (!options.some(hasRepeat)) return;
  const starts = options.map((option) => nextOf([option], next));
  options.forEach((option, index) => {
    for (const other of starts.slice(0, index)) refuseOverlap(option, starts[index] ?? END, other);
  });
}

function hasRepeat(node: Node): boolean {
  return node.kind === 'repeat' || childrenOf(node).some(hasRepeat);
}

/** The characters that end the text fields before `limit`. */
function endersOf(node: Node, next: Next, limit: number, isUser = false): Chars {
  if (node.at >= limit) return EMPTY;
  if (node.kind === 'repeat' && node.max > 1 && (isUser || isText(node))) return next.chars;
  if (node.kind !== 'sequence') {
    const isNamed = node.kind === 'group' && node.name === 'user';
    return childrenOf(node)
      .map((child) => endersOf(child, next, limit, isUser || isNamed))
      .reduce(union, EMPTY);
  }
  const afterPart = (index: number) => nextOf(node.parts.slice(index + 1), next);
  return node.parts.map((part, index) => endersOf(part, afterPart(index), limit, isUser)).reduce(union, EMPTY);
}

/** Whether a repeat takes more than words and numbers, which a server writes of its own. */
function isText(repeat: Node): boolean {
  return [...charsOf(repeat)].some((code) => code === BEYOND_ASCII || !/[\w-]/.test(String.fromCharCode(code)));
}

function checkRest(node: Node, enders: Chars, from: number): void {
  if (node.kind === 'repeat' && node.max > 1 && node.at > from) refuseEnder(node, enders);
  childrenOf(node).forEach((child) => checkRest(child, enders, from));
}

function refuseEnder(node: Node, enders: Chars): void {
  const shared = [...charsOf(node)].find((code) => enders.has(code));
  if (shared === undefined) return;
  const char = String.fromCharCode(shared);
  throw new RegexError(node.at, `a repeat past the address that can take "${char}", which ends a field before it`);
}

function checkAddress(address: Node): void {
  if (![...charsOf(address)].some(isForeign)) return;
  throw new RegexError(address.at, 'the address group can match more than an address is written with');
}

function isForeign(code: number): boolean {
  return code === BEYOND_ASCII || !ADDRESS_CHARS.test(String.fromCharCode(code));
}

/** Hexadecimal digits, separators, and a zone such as `%eth0`, for admission to refuse by its name. */
const ADDRESS_CHARS = /[\w.:%-]/;

/** How `parts`, one after the other, can start; as what comes after them where they can be empty. */
function nextOf(parts: readonly Node[], after: Next): Next {
  let chars: Chars = EMPTY;
  for (const part of parts) {
    chars = union(chars, firstOf(part));
    if (!canBeEmpty(part)) return { chars, lead: leadOf(parts) };
  }
  return { chars: union(chars, after.chars), lead: parts.length === 0 ? after.lead : '' };
}

/** The text that `parts` start with whatever they match. */
function leadOf(parts: readonly Node[]): string {
  let lead = '';
  for (const part of parts) {
    if (part.kind === 'literal') lead += part.char;
    else if (part.kind === 'group' || part.kind === 'sequence') lead += leadOf(childrenOf(part));
    if (!isFixed(part)) return lead;
  }
  return lead;
}

function isFixed(node: Node): boolean {
  if (node.kind === 'literal') return true;
  return (node.kind === 'sequence' || node.kind === 'group') && childrenOf(node).every(isFixed);
}

function firstOf(node: Node): Chars {
  if (node.kind === 'literal') return new Set([codeOf(node.char)]);
  if (node.kind === 'set') return node.chars;
  if (node.kind === 'sequence') return nextOf(node.parts, END).chars;
  return childrenOf(node).map(firstOf).reduce(union, EMPTY);
}

function canBeEmpty(node: Node): boolean {
  if (node.kind === 'literal' || node.kind === 'set') return false;
  if (node.kind === 'choice') return node.options.some(canBeEmpty);
  if (node.kind === 'repeat') return node.min === 0 || canBeEmpty(node.body);
  return childrenOf(node).every(canBeEmpty);
}

function charsOf(node: Node): Chars {
  if (node.kind === 'literal' || node.kind === 'set') return firstOf(node);
  return childrenOf(node).map(charsOf).reduce(union, EMPTY);
}

function union(a: Chars, b: Chars): Chars {
  return new Set([...a, ...b]);
}

/** Runs of ASCII text that every match holds. */
function requiredRuns(node: Node): string[] {
  if (node.kind === 'group') return requiredRuns(node.body);
  if (node.kind !== 'sequence') return [];
  const runs = [''];
  for (const part of node.parts) {
    if (part.kind !== 'literal') runs.push(...requiredRuns(part), '');
    else if (codeOf(part.char) === BEYOND_ASCII) runs.push('');
    else runs.push(`${runs.pop() ?? ''}${part.char}`);
  }
  return runs;
}
