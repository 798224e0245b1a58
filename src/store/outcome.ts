/** The options of `[admission]` that refuse a login by what else is kept. */
export const CAPS = ['max_addresses_per_user', 'max_users_per_address', 'max_entries'] as const;

export type Cap = (typeof CAPS)[number];

/** What became of a login. */
export type Outcome =
  | { readonly kind: 'granted' }
  /** It permits for longer what was permitted already. */
  | { readonly kind: 'refreshed' }
  /** It is no newer than what is known of its user there, past by now, or a purge came after it. */
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'refused'; readonly cap: Cap };
