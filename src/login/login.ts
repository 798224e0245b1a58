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
  /**
   * From this millisecond on it permits nothing: `at` + grace; of a login in the store, what its sessions make of it,
   * see store/sessions.ts.
   */
  readonly expiresAt: number;
  /**
   * The server's id of its session, where a log of this host tells also when that ends; never of a login that an
   * admin, a whoson client or another node told.
   */
  readonly session: string | undefined;
  /** The node of the cluster that saw it; absent where that is this one. */
  readonly node?: string;
  /** When that node last told that a session was open, where that is after `at`: the grace counts from then. */
  readonly openAt?: number;
  /** How many sessions its user has open there; absent where none is known to be. */
  readonly openSessions?: number;
  readonly evidence: Evidence;
}

/** The end of a session, as a log line told it. */
export interface Logout {
  readonly session: string;
  readonly at: number;
}
