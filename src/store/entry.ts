import type { Address } from '../login/address.ts';
import type { Login } from '../login/login.ts';

/** The permission of one address to relay, and the logins it rests on. */
export interface Entry {
  readonly address: Address;
  /** The latest of its logins' `expiresAt`, epoch milliseconds. */
  readonly expiresAt: number;
  /** The last login of each user at this address that has not expired, newest first; at least one. */
  readonly logins: readonly Login[];
}
