import type { CompiledRegex } from './compile.ts';

/** One regex of a pattern and what a line that it matches tells. */
export interface Rule {
  readonly kind: 'login' | 'open' | 'close' | 'logout';
  readonly regex: CompiledRegex;
  /** Of a login whose line does not tell; by default the tag's. */
  readonly service: string | undefined;
  /** Whether a login counts only after an open line of the same key; `where-logged`: only where such lines are. */
  readonly needsOpen: 'no' | 'always' | 'where-logged';
}

/** One regex of a pattern for the lines of logins that failed. */
export interface FailureRule extends Omit<Rule, 'kind'> {
  /** What such a line means, for people. */
  readonly reason: string;
}

/** A pattern file, compiled: how one server's login lines look. */
export interface Pattern {
  readonly name: string;
  readonly title: string;
  /** Syslog tags, without pid, that its lines may come from. */
  readonly tags: readonly string[];
  /** Tags of its lines in the server's own log file, where no host precedes them. */
  readonly ownTags: readonly string[];
  /** Who may write its lines into the journal, as journald vouches. */
  readonly trusted: { readonly units: readonly string[]; readonly uids: readonly number[] };
  readonly offByDefault: boolean;
  /** The longest user name that is believed, in characters. */
  readonly userLimit: number;
  /** A logger cuts messages of its tags at this many bytes, see cut-lines.ts. */
  readonly cutBytes: number | undefined;
  /** How long an open line waits for its login; 0 where no line opens one. */
  readonly openMs: number;
  readonly rules: readonly Rule[];
  /** For whoever asks, see failures.ts; they grant nothing. */
  readonly failures: readonly FailureRule[];
}
