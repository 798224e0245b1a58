import type { Login } from './login/login.ts';
import { memberOf } from './store/tombstones.ts';

/**
 * Logins that wait for their commit: the last of each user at each address, since it outlives the others. Each session
 * that is followed counts for itself: it may stay open longer than a later one.
 */
export class PendingLogins {
  readonly #logins = new Map<string, Login>();

  add(login: Login): void {
    const key = `${memberOf(login)}\n${login.session ?? ''}`;
    const other = this.#logins.get(key);
    if (other === undefined || other.expiresAt < login.expiresAt) this.#logins.set(key, login);
  }

  get size(): number {
    return this.#logins.size;
  }

  /** All of them, in the order in which each was first added; none is left. */
  take(): Login[] {
    const logins = [...this.#logins.values()];
    this.#logins.clear();
    return logins;
  }
}
