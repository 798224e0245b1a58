/** A store in a folder of its own, a clock that the test moves, and logins to put into it. */
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createLog } from '../../src/log.ts';
import { parseAddress, type Address } from '../../src/login/address.ts';
import type { Login } from '../../src/login/login.ts';
import type { Limits } from '../../src/store/limits.ts';
import { Store, type StoreOptions } from '../../src/store/store.ts';

export const MINUTE_MS = 60_000;
export const GRACE_MS = 30 * MINUTE_MS;
/** The default of the option. */
export const MAX_SESSION_MS = 12 * 60 * MINUTE_MS;
export const START = Date.UTC(2026, 10, 24, 12);
export const LIMITS: Limits = {
  graceMs: GRACE_MS,
  maxSessionMs: 0,
  maxAddressesPerUser: 10,
  maxUsersPerAddress: 0,
  maxEntries: 1000,
};

/** Where one test's store is; open it as often as needed, {@link Place.remove} closes what was opened. */
export class Place {
  readonly parent: string;
  readonly dir: string;
  readonly logged: string[] = [];
  now = START;
  readonly #opened: Store[] = [];

  /** In a folder of its own, or beside another process in the one that this has. */
  constructor(parent: string = mkdtempSync(path.join(os.tmpdir(), 'relaypass-store-'))) {
    this.parent = parent;
    this.dir = path.join(parent, 'store');
  }

  async open(options: Partial<Omit<StoreOptions, 'limits'>> & { limits?: Partial<Limits> } = {}): Promise<Store> {
    const log = createLog({ write: (line) => this.logged.push(line), priorities: false });
    const limits = { ...LIMITS, ...options.limits };
    const store = await Store.open({ dir: this.dir, clock: () => this.now, log, ...options, limits });
    this.#opened.push(store);
    return store;
  }

  /** A login of now, or of what is told. */
  login(address: string, user = 'alice', more: Partial<Login> = {}): Login {
    return { ...loginOf(address, more.at ?? this.now, user), ...more };
  }

  async remove(): Promise<void> {
    for (const store of this.#opened) await store.close();
    rmSync(this.parent, { recursive: true, force: true });
  }
}

/** A login that a log line showed at `at`. */
export function loginOf(address: string, at: number, user = 'alice'): Login {
  const evidence = { by: 'log', source: 'file:/var/log/mail.log', pattern: 'dovecot', line: `Login: ${user}` } as const;
  const expiresAt = at + GRACE_MS;
  return { address: addressOf(address), user, service: 'imap', at, expiresAt, session: undefined, evidence };
}

export function addressOf(text: string): Address {
  const parsed = parseAddress(text);
  if (!parsed.ok) throw new Error(`${text}: ${parsed.reason}`);
  return parsed.address;
}

/** What the store permits, as text. */
export function permitted(store: Store): string[] {
  return Array.from(store.entries(), ({ address }) => address);
}
