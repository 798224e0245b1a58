/**
 * What a pattern found in a line, as captured: nothing is believed yet. The address is text until login/address.ts has
 * parsed it, and the login is only a claim until login/admission.ts has admitted it.
 */
export interface Match {
  readonly kind: 'login' | 'logout';
  /** Name of the pattern file: `dovecot`. */
  readonly pattern: string;
  readonly user: string;
  /** The client's address as the server wrote it, not parsed; empty in a logout that does not say. */
  readonly address: string;
  /** The server's own address, where the line has it: a login from there came through a proxy. */
  readonly serverAddress: string | undefined;
  /** `imap`, `pop3`, or what the pattern says. */
  readonly service: string;
  /** The server's session id, where the line has one. */
  readonly session: string | undefined;
  /** The line's own time stamp, epoch milliseconds; not clipped. */
  readonly at: number;
  /** Id of the source the line came from. */
  readonly source: string;
  /** The whole line, decoded, for `show`; untrusted text. */
  readonly line: string;
}
