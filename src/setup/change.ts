/** What `setup` wants to do to a host: files as they are and as they shall be, and the proof that no more comes of it. */
import { createHash } from 'node:crypto';

/** One file. */
export interface Change {
  readonly file: string;
  /** Its text now; undefined where there is no such file yet. */
  readonly before: string | undefined;
  readonly after: string;
  /** Made by a program out of other files, so that its comments (a date, a host) are nobody's work. */
  readonly isGenerated?: true;
}

/** What is to be done for one MTA. */
export interface Plan {
  /** What takes effect last comes last; empty where the MTA is wired already. */
  readonly changes: readonly Change[];
  /** Proves on copies, by the MTA's own programs, that the changes permit whom the map holds and nobody else. */
  readonly prove: () => Promise<void>;
  /** Makes sure of the files in their places. */
  readonly confirm: () => Promise<void>;
}

/** What a text is known by later: of a generated one, without its comments. */
export function fingerprint(text: string, isGenerated: boolean): string {
  const counted = isGenerated ? text.replaceAll(/^#.*\n/gm, '') : text;
  return createHash('sha256').update(counted).digest('hex');
}
