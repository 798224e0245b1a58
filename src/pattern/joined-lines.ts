/**
 * Sessions whose lines are joined: one line tells the client's address, a later one of the same pid or key the login.
 * A pid is another client's before long, so an open line is kept for a pattern's `open_for` and is good for one login.
 */
import * as z from 'zod';
import type { Captures } from './compile.ts';
import type { Pattern, Rule } from './pattern.ts';
import { ownCopy } from './text.ts';

/** Where and when a line was logged. */
interface Origin {
  readonly at: number;
  readonly host: string;
  readonly pid: number | undefined;
}

export class JoinedLines {
  /** A pattern's open lines by host and key, the oldest first. */
  readonly #open = new Map<string, Map<string, Open>>();
  /** When the last open line of a pattern was logged: whether its server logs them here. */
  readonly #openAt = new Map<string, number>();

  /** A client has connected; whoever had its pid or key before is gone. */
  open(pattern: Pattern, captures: Captures, origin: Origin): void {
    this.#openAt.set(pattern.name, origin.at);
    const key = keyOf(captures, origin);
    if (key !== undefined) this.#add(pattern.name, key, { address: ownCopy(captures['address'] ?? ''), at: origin.at });
  }

  /** It has failed or gone. */
  close(pattern: Pattern, captures: Captures, origin: Origin): void {
    const key = keyOf(captures, origin);
    if (key !== undefined) this.#open.get(pattern.name)?.delete(key);
  }

  /** The client's address, as its login and its open line say; undefined where they do not agree. */
  addressOf(pattern: Pattern, rule: Rule, captures: Captures, origin: Origin): string | undefined {
    const own = captures['address'];
    if (!this.#isNeeded(pattern, rule, origin.at)) return own;
    const opened = this.#take(pattern, captures, origin);
    return own === undefined || own === opened ? opened : undefined;
  }

  #isNeeded({ name }: Pattern, { needsOpen }: Rule, at: number): boolean {
    if (needsOpen !== 'where-logged') return needsOpen === 'always';
    return at - (this.#openAt.get(name) ?? -Infinity) <= LOGGED_MS;
  }

  #take(pattern: Pattern, captures: Captures, origin: Origin): string | undefined {
    const key = keyOf(captures, origin) ?? '';
    const lines = this.#open.get(pattern.name);
    const open = lines?.get(key);
    lines?.delete(key);
    return open !== undefined && Math.abs(origin.at - open.at) <= pattern.openMs ? open.address : undefined;
  }

  #add(pattern: string, key: string, open: Open): void {
    const lines = this.#open.get(pattern) ?? new Map<string, Open>();
    this.#open.set(pattern, lines);
    lines.delete(key);
    lines.set(key, open);
    const [oldest] = lines.keys();
    if (lines.size > MAX_OPEN && oldest !== undefined) lines.delete(oldest);
  }

  get state(): z.output<typeof joinedState> {
    const open = [...this.#open].map(([pattern, lines]): [string, [string, Open][]] => [pattern, [...lines]]);
    return { open, openAt: [...this.#openAt] };
  }

  restore({ open, openAt }: z.output<typeof joinedState>): void {
    for (const [pattern, lines] of open) for (const [key, line] of lines) this.#add(pattern, key, line);
    for (const [pattern, at] of openAt) this.#openAt.set(pattern, at);
  }
}

/** What joins a session's lines: the key that they hold, else the pid; nothing joins lines that have neither. */
function keyOf(captures: Captures, { host, pid }: Origin): string | undefined {
  const key = captures['key'] ?? pid;
  return key === undefined ? undefined : ownCopy(`${host} ${key}`);
}

/** Of a pattern: more clients than connect within the minutes that an open line is kept; what an attack can cost. */
const MAX_OPEN = 1000;
/** A client cannot log in without its own connect line, so a server that logs these has logged one this recently. */
const LOGGED_MS = 3_600_000;

const openState = z.object({ address: z.string(), at: z.number() });
type Open = z.output<typeof openState>;

export const joinedState = z.object({
  open: z.array(z.tuple([z.string(), z.array(z.tuple([z.string(), openState]))])),
  openAt: z.array(z.tuple([z.string(), z.number()])),
});
