/**
 * The texts that a regex's matches can start with. Most lines of a server that logs logins are not logins, and part from
 * one within a few bytes: `imap-login: D...` where `imap-login: Login: user=<` was possible.
 */
import { BEYOND_ASCII, codeOf, type Node } from './regex-syntax.ts';

/** Texts of which every match of `regex` starts with one; only the empty one where nothing is certain. */
export function leadsOf(regex: Node): string[] {
  const { open, ended } = grow({ open: [''], ended: [] }, regex);
  const leads = [...new Set([...open, ...ended])];
  return leads.length > MAX_LEADS ? [''] : leads;
}

/** Texts that what follows in the regex goes on, and those past which nothing is known. */
interface Leads {
  readonly open: readonly string[];
  readonly ended: readonly string[];
}

/** Optional parts double the texts: more than these tell little more. */
const MAX_LEADS = 64;
const MAX_LEAD_CHARS = 48;

function grow(leads: Leads, node: Node): Leads {
  const { open, ended } = leads;
  if (open.length === 0 || node.kind === 'anchor') return leads;
  if (open.length + ended.length > MAX_LEADS || isLong(open)) return end(leads);
  if (node.kind === 'group') return grow(leads, node.body);
  if (node.kind === 'sequence') return node.parts.reduce(grow, leads);
  if (node.kind === 'choice')
    return join(
      node.options.map((option) => grow({ open, ended: [] }, option)),
      ended,
    );
  if (node.kind === 'repeat' && node.min === 0 && node.max === 1) {
    return join([{ open, ended: [] }, grow({ open, ended: [] }, node.body)], ended);
  }
  if (node.kind !== 'literal' || codeOf(node.char) === BEYOND_ASCII) return end(leads);
  return { open: open.map((lead) => lead + node.char), ended };
}

function isLong(open: readonly string[]): boolean {
  return open.some((lead) => lead.length >= MAX_LEAD_CHARS);
}

function end({ open, ended }: Leads): Leads {
  return { open: [], ended: [...ended, ...open] };
}

function join(all: readonly Leads[], ended: readonly string[]): Leads {
  return { open: all.flatMap(({ open }) => open), ended: [...ended, ...all.flatMap((one) => one.ended)] };
}
