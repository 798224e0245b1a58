import type { Config } from '../config/schema.ts';
import type { SessionLimits } from './sessions.ts';

/** What bounds the store. */
export interface Limits extends SessionLimits {
  readonly maxAddressesPerUser: number;
  /** 0 is no limit. */
  readonly maxUsersPerAddress: number;
  readonly maxEntries: number;
}

/** The limits that the configuration sets. */
export function limitsOf({ grace, admission }: Config): Limits {
  return {
    graceMs: grace,
    maxSessionMs: admission.max_session,
    maxAddressesPerUser: admission.max_addresses_per_user,
    maxUsersPerAddress: admission.max_users_per_address,
    maxEntries: admission.max_entries,
  };
}
