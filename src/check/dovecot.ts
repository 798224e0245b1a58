/**
 * Whether a pattern reads the login lines that Dovecot writes as it is configured: one is made up as Dovecot makes it,
 * of login_log_format and login_log_format_elements, and given to the patterns.
 *
 * Limits: of Dovecot's expressions its variables are filled in, by the names of 1.x to 2.4, and nothing is computed.
 */
import { Matcher } from '../pattern/matcher.ts';
import type { Pattern } from '../pattern/pattern.ts';
import { dovecotSetting } from '../source/host-programs.ts';
import { ok, warning, type Finding } from './finding.ts';

const CLIENT = '198.51.100.7';

/** @param root below which doveconf is looked for */
export function checkDovecot(patterns: readonly Pattern[], root = '/'): Finding[] {
  if (!patterns.some(({ tags }) => tags.includes('dovecot'))) return [];
  const format = dovecotSetting(root, 'login_log_format');
  const elements = dovecotSetting(root, 'login_log_format_elements');
  if (!format || elements === undefined || elements.includes('\n')) return [];
  return [lineFinding(patterns, renderLogin(format, elements)), ...nameFindings(root)];
}

function lineFinding(patterns: readonly Pattern[], message: string): Finding {
  const line = `Nov 23 18:00:00 mx dovecot: imap-login: ${message}`;
  const batch = { kind: 'lines', bytes: Buffer.from(`${line}\n`), notices: [], checkpoint: {} } as const;
  const [match] = new Matcher(patterns, 'check').match(batch, Date.UTC(2026, 10, 23));
  if (match?.kind === 'login' && match.address === CLIENT) return ok(`dovecot: its login lines are read by a pattern`);
  const lack = message.includes(CLIENT) ? '' : ', which lack the address (rip=)';
  const what = `dovecot: no pattern reads its login lines${lack}: ${message}`;
  return warning(what, 'take login_log_format and login_log_format_elements out of its configuration');
}

/** The message of a login by `format`, of the `elements` that are not empty; their variables filled in. */
export function renderLogin(format: string, elements: string): string {
  const filled = elements
    .split(/\s+/)
    .map((element) => fill(element, {}))
    .filter((element) => element !== '')
    .join(', ');
  return fill(format, { $: 'Login', message: 'Login', s: filled, elements: filled });
}

function fill(text: string, own: Readonly<Record<string, string>>): string {
  return text.replaceAll(VARIABLE, (_, long: string | undefined, short = '') => {
    const name = long === undefined ? short : long.trim();
    return own[name] ?? VARIABLES[name] ?? '';
  });
}

/** `%u`, `%Lu`, `%{user}`, `%{user | lower}`. */
const VARIABLE = /%(?:\{([^}|]*)[^}]*\}|[LUEXRM]?([a-zA-Z$]))/g;

/** Each value, and what versions call it. */
const VALUES = [
  ['alice', 'u user n username'],
  ['PLAIN', 'm mech mechanism'],
  [CLIENT, 'r rip remote_ip'],
  ['192.0.2.1', 'l lip local_ip'],
  ['50111', 'b rport remote_port'],
  ['143', 'a lport local_port'],
  ['9', 'e mail_pid p pid'],
  ['imap', 's service protocol'],
  ['TLS', 'c secured'],
  ['AbC/+9', 'session'],
] as const;
const VARIABLES: Readonly<Record<string, string>> = Object.fromEntries(
  VALUES.flatMap(([value, names]) => names.split(' ').map((name) => [name, value])),
);

/** By default Dovecot lets in no name with blanks, brackets or commas. */
function nameFindings(root: string): Finding[] {
  if (dovecotSetting(root, 'auth_username_chars') !== '') return [];
  const what = 'dovecot: auth_username_chars is empty, so a user name can hold what separates the fields of a line';
  return [warning(what, 'take auth_username_chars out of its configuration')];
}
