import { z } from 'zod';

/** The clients whose session a line has opened and whose success is yet to come, by pid or session key. Bounded. */
export class OpenLines {
  readonly #open = new Map<string, Open>();

  /** A client has connected; whoever had this key before is gone. */
  add(key: string, address: string, at: number): void {
    this.#open.delete(key);
    this.#open.set(key, { address, at });
    const [oldest] = this.#open.keys();
    if (this.#open.size > MAX_OPEN && oldest !== undefined) this.#open.delete(oldest);
  }

  /** The address that opened `key` at most `keepMs` before `at`, once. */
  take(key: string, at: number, keepMs: number): string | undefined {
    const open = this.#open.get(key);
    this.#open.delete(key);
    return open !== undefined && Math.abs(at - open.at) <= keepMs ? open.address : undefined;
  }

  forget(key: string): void {
    this.#open.delete(key);
  }

  get state(): z.output<typeof openState> {
    return [...this.#open].map(([key, { address, at }]) => [key, address, at]);
  }

  restore(state: z.output<typeof openState>): void {
    for (const [key, address, at] of state) this.add(key, address, at);
  }
}

interface Open {
  readonly address: string;
  readonly at: number;
}

/** More clients than connect within the minutes that an open line is kept; what an attacker's connects can cost. */
const MAX_OPEN = 1000;

/** Key, address, instant of each. */
export const openState = z.array(z.tuple([z.string(), z.string(), z.number()]));
