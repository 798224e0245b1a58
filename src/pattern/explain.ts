/** Tells why a line is no login, for whoever writes a pattern or wonders about a missing entry. */
import type { LogRecord } from '../source/source.ts';
import { HeaderReader } from './header.ts';
import type { Pattern, Rule } from './pattern.ts';
import { repeatedMessage } from './repeated-lines.ts';
import { hasControls } from './text.ts';
import { isTrusted } from './trust.ts';

/** Why a matcher that has read a line found no login in it. */
export type Miss =
  | 'no-header'
  | 'no-pattern'
  | 'bad-time'
  | 'control-characters'
  | 'cut'
  | 'no-match'
  | 'failed'
  | 'opens'
  | 'closes'
  | 'logout'
  | 'repeat'
  | 'untrusted'
  | 'not-believed';

/** Each {@link Miss} as a sentence for the admin. */
export const MISSES: Readonly<Record<Miss, string>> = {
  'no-header': 'starts with no time stamp, host and program that a logger writes',
  'no-pattern': 'no pattern is for this program',
  'bad-time': 'its time stamp is none',
  'control-characters': 'holds control characters',
  cut: 'so long that its logger may have cut it: neither it nor the lines right after it are believed',
  'no-match': 'of a program that logs logins, but not one of them',
  failed: 'a login that failed',
  opens: 'a client connects; the login is yet to come',
  closes: 'a client fails or goes',
  logout: 'a session ends',
  repeat: 'repeats a line that was no login, or that is not the one before it',
  untrusted: 'journald does not vouch that the server wrote it',
  'not-believed':
    'a login, but its user name is none, its connect line is missing, or it may be the rest of a long line',
};

export interface Explanation {
  readonly why: Miss;
  /** The program or the pattern that it is about; untrusted text. */
  readonly detail: string;
}

/** Why a matcher of `patterns` that has read `line` found no login in it. */
export function explainLine(patterns: readonly Pattern[], line: string, now: number): Explanation {
  const header = new HeaderReader();
  const bytes = Buffer.from(line);
  if (!header.read(bytes, 0, bytes.length)) return { why: 'no-header', detail: '' };
  const own = header.isOwn ? patterns.filter(({ ownTags }) => ownTags.includes(header.tag)) : [];
  const owners = own.length > 0 ? own : patterns.filter(({ tags }) => tags.includes(header.tag));
  if (owners.length === 0) return { why: 'no-pattern', detail: header.tag };
  if (header.at(now) === undefined) return { why: 'bad-time', detail: namesOf(owners) };
  const messageStart = own.length > 0 ? header.ownMessageStart : header.messageStart;
  return explainMessage(owners, bytes.toString('utf8', messageStart));
}

/** The same for a record of the journal. */
export function explainRecord(patterns: readonly Pattern[], { tag, message, trusted }: LogRecord): Explanation {
  const owners = patterns.filter(({ tags }) => tags.includes(tag));
  if (owners.length === 0) return { why: 'no-pattern', detail: tag };
  const believed = owners.filter((pattern) => isTrusted(pattern, trusted));
  if (believed.length > 0) return explainMessage(believed, message);
  return { why: 'untrusted', detail: `${namesOf(owners)}; unit ${trusted.unit ?? '-'}, uid ${trusted.uid ?? '-'}` };
}

function explainMessage(patterns: readonly Pattern[], message: string): Explanation {
  const detail = namesOf(patterns);
  const bytes = Buffer.byteLength(message);
  if (patterns.some(({ cutBytes = Infinity }) => bytes >= cutBytes)) return { why: 'cut', detail };
  if (hasControls(message)) return { why: 'control-characters', detail };
  if (repeatedMessage(message) !== undefined) return { why: 'repeat', detail };
  for (const { name, rules, failures } of patterns) {
    const failure = failures.find(({ regex }) => regex.match(message));
    if (failure !== undefined) return { why: 'failed', detail: `${name}: ${failure.reason}` };
    const rule = rules.find(({ regex }) => regex.match(message));
    if (rule !== undefined) return { why: WHY[rule.kind], detail: name };
  }
  return { why: 'no-match', detail };
}

const WHY = { login: 'not-believed', open: 'opens', close: 'closes', logout: 'logout' } as const satisfies Record<
  Rule['kind'],
  Miss
>;

function namesOf(patterns: readonly Pattern[]): string {
  return patterns.map(({ name }) => name).join(', ');
}
