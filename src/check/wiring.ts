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
  /** As Postfix splits it: blanks and commas separate, braces hold together. */
  readonly words: readonly string[];
}

/** The words of a list of restrictions; each as it is written. */
export function wordsOf(list: string): string[] {
  return list.match(/(?:[^\s,{}]|\{(?:[^{}]|\{[^{}]*\})*\})+/g) ?? [];
}

/** Whether a word of restrictions ends the search for a client that has not been permitted before it. */
export function refuses(word: string): boolean {
  return /^(reject|defer|defer_if_reject|reject_unauth_destination|defer_unauth_destination)$/.test(word);
}

/**
 * The list with `restriction` in it, right before what refuses, and without the pairs of words that ask `replaced`. In
 * smtpd_relay_restrictions mail for this host is let through before that, so that it needs no map; in the other list
 * that would go round what the admin has after it.
 */
export function withRestriction(
  { parameter, words }: Restrictions,
  restriction: string,
  replaced: (argument: string) => boolean,
): string {
  const rest = words.filter((word, index) => !replaced(word) && !isAsking(word, words[index + 1], replaced));
  const refusal = rest.findIndex(refuses);
  const [before, after] =
    refusal < 0 ? [rest, ['reject_unauth_destination']] : [rest.slice(0, refusal), rest.slice(refusal)];
  const isKept = parameter === 'smtpd_relay_restrictions' && !before.includes('permit_auth_destination');
  const ours = isKept ? ['permit_auth_destination', restriction] : [restriction];
  return joined([...before, ...ours, ...after]);
}

function isAsking(word: string, argument: string | undefined, replaced: (argument: string) => boolean): boolean {
  return /^check_\w+$/.test(word) && argument !== undefined && replaced(argument);
}

/** With commas, but none between a check and what it asks. */
function joined(words: readonly string[]): string {
  return words
    .map((word) => (/^check_\w+$/.test(word) ? `${word} ` : `${word}, `))
    .join('')
    .replace(/, $/, '');
}
