/** The lines that tie relaypass into an MTA: as `check` wants to find them, and as an admin has to write them. */
import type { MapTarget } from '../map/target.ts';

/** The last line of sendmail.mc; the file it names is docs/examples/popauth.m4, with {@link sendmailMapLine}. */
export const SENDMAIL_INCLUDE = "include(`/etc/relaypass/popauth.m4')dnl";

/** What declares the map in popauth.m4: the shipped one names the default map. */
export function sendmailMapLine({ type, path }: MapTarget): string {
  return `Kpopauth ${type} -T<TMPF> ${path}`;
}

/** The FEATURE of a map that takes the place of Sendmail's access map. */
export function sendmailAccessFeature({ type, path }: MapTarget): string {
  return `FEATURE(\`access_db', \`${type} -T<TMPF> ${path}')dnl`;
}

/** The table that Postfix is to look up, as the words of main.cf: docs/decisions/postfix-ipv6.md. */
export function postfixTable({ form, type, path }: MapTarget, ipv6Prefix: 64 | 128): string {
  const isSafeCut = form === 'pop-before-smtp' || ipv6Prefix === 64;
  return isSafeCut ? `${type}:${path}` : `unionmap:{regexp:/dev/null,${type}:${path}}`;
}

/** What asks that table. */
export function postfixRestriction(target: MapTarget, ipv6Prefix: 64 | 128): string {
  return `check_client_access ${postfixTable(target, ipv6Prefix)}`;
}

/** A list of restrictions that decides about relaying. */
export interface Restrictions {
  readonly parameter: 'smtpd_relay_restrictions' | 'smtpd_recipient_restrictions';
  /** As Postfix splits it: {@link WORD}. */
  readonly words: readonly string[];
}

/** A word of a list of restrictions: blanks and commas separate, braces hold together. */
export const WORD = /(?:[^\s,{}]|\{(?:[^{}]|\{[^{}]*\})*\})+/g;

/** The words of a list of restrictions; each as it is written. */
export function wordsOf(list: string): string[] {
  return list.match(WORD) ?? [];
}

/**
 * Where in a list the search ends for a client that has not been permitted before; -1 where it does not. To Postfix case
 * means nothing, and what comes after warn_if_reject is logged and refuses nobody.
 */
export function refusalIn(words: readonly string[]): number {
  return words.findIndex((word, index) => REFUSAL.test(word) && !WARNING.test(words[index - 1] ?? ''));
}

/** defer_if_permit refuses as well, for now, what a later word would permit. */
const REFUSAL = /^(reject|defer|defer_if_permit|reject_unauth_destination|defer_unauth_destination)$/i;
const WARNING = /^warn_if_reject$/i;

/**
 * What comes into a list before its first word that refuses, so that `restriction` is asked. Mail for this host is let
 * through before that, so that it needs no answer, where that is sure to permit nothing new: where all that follows is
 * the refusal to relay itself.
 */
export function additions(words: readonly string[], restriction: string): string[] {
  const isLast = refusalIn(words) === words.length - 1 && isRelayRefusal(words.at(-1));
  return isLast && !words.includes('permit_auth_destination')
    ? ['permit_auth_destination', restriction]
    : [restriction];
}

/** Whether a word refuses what is to be relayed, and only that. */
export function isRelayRefusal(word: string | undefined): boolean {
  return /^(reject|defer)_unauth_destination$/i.test(word ?? '');
}

/** The list with `added` before its first word that refuses: with commas, but none between a check and what it asks. */
export function withAdded(words: readonly string[], added: readonly string[]): string {
  const refusal = refusalIn(words);
  return [...words.slice(0, refusal), ...added, ...words.slice(refusal)]
    .map((word) => (/^check_\w+$/i.test(word) ? `${word} ` : `${word}, `))
    .join('')
    .replace(/, $/, '');
}

/**
 * The list with `restriction` where it belongs, and nowhere else: without the words that ask `replaced`. It permits
 * nothing that was refused but what the restriction does.
 */
export function withRestriction(
  words: readonly string[],
  restriction: string,
  replaced: (argument: string) => boolean,
): string {
  const rest = words.filter((_, index) => !isAbout(words.slice(index), replaced));
  const end = rest.findLastIndex((word) => !WARNING.test(word)) + 1; // one without a next word would warn of ours
  const closed = refusalIn(rest) >= 0 ? rest : [...rest.slice(0, end), 'reject_unauth_destination'];
  return withAdded(closed, additions(closed, restriction));
}

/** A check goes with what it asks, and warn_if_reject with the check, lest it turn the next refusal into a warning. */
function isAbout([word, ...next]: readonly string[], replaced: (argument: string) => boolean): boolean {
  if (word === undefined) return false;
  return replaced(word) || (/^(check_\w+|warn_if_reject)$/i.test(word) && isAbout(next, replaced));
}
