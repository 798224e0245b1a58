import type { Address } from './address.ts';

/** Why a login is believed: the log line that showed it, the whoson client that told it, or the admin who granted it. */
export type Evidence =
  | { readonly by: 'log'; readonly source: string; readonly pattern: string; readonly line: string }
  | { readonly by: 'whoson'; readonly client: string }
  | { readonly by: 'admin'; readonly name: string };

/** One user's successful login from one address, admitted; or an admin's grant, which counts the same. */
export interface Login {
  readonly address: Address;
  readonly user: string;
  /** `imap`, `pop3`, ...; `grant` for an admin's, `whoson` for what a client of that protocol told. */
  readonly service: string;
  /** When, epoch milliseconds; never after the moment it was admitted. */
  readonly at: number;
  /** `at` + grace, epoch milliseconds: from this millisecond on it permits nothing. */
  readonly expiresAt: number;
  readonly session: string | undefined;
  /** The node of the cluster that saw it; absent where that is this one. */
  readonly node?: string;
  readonly evidence: Evidence;
}
