/**
 * The lines that loggers write in place of equal ones:
 *
 *     rsyslog            TAG: message repeated 3 times: [ MESSAGE]
 *     classic syslogd    last message repeated 3 times
 *
 * rsyslog's is believed only where it repeats the last login of its host and tag word for word; syslogd's only right
 * after the login, from the same host.
 */
import * as z from 'zod';
import type { Match } from './match.ts';

/** The "tag" of classic syslogd's. */
export const REPEATER_TAG = 'last';
/** What rsyslog's starts with. */
export const REPEAT_LEAD = 'message repeated ';

/** The message that `message` says was repeated, undefined where it is of another kind. */
export function repeatedMessage(message: string): string | undefined {
  if (!message.startsWith(REPEAT_LEAD)) return undefined;
  return /^message repeated \d{1,9} times: \[ ?([^]*)\]$/.exec(message)?.[1];
}

export class RepeatedLines {
  readonly #last = new Map<string, Last>();
  #previous: Last | undefined;

  /** A login's line has gone by. */
  add(host: string, tag: string, message: string, match: Match): void {
    const key = `${host} ${tag}`;
    if (!this.#last.has(key) && this.#last.size >= MAX_PROGRAMS) this.#last.clear();
    const login = { host, message, match };
    this.#last.set(key, login);
    this.#previous = login;
  }

  /** A line that was no login has gone by. */
  passed(): void {
    this.#previous = undefined;
  }

  /** The login whose line `message` repeats. */
  find(host: string, tag: string, message: string): Match | undefined {
    const login = this.#last.get(`${host} ${tag}`);
    return login?.message === message ? login.match : undefined;
  }

  /** The login of the line right before, for `message` of classic syslogd on `host`. */
  previous(host: string, message: string): Match | undefined {
    if (!/^message repeated \d{1,9} times?$/.test(message)) return undefined;
    return this.#previous?.host === host ? this.#previous.match : undefined;
  }

  get state(): RepeatState {
    return { last: [...this.#last], previous: this.#previous };
  }

  restore({ last, previous }: RepeatState): void {
    for (const [key, login] of last) this.#last.set(key, login);
    this.#previous = previous;
  }
}

/** Hosts times servers of one log; each costs a line's length in every checkpoint. */
const MAX_PROGRAMS = 16;

interface Last {
  readonly host: string;
  readonly message: string;
  readonly match: Match;
}

interface RepeatState {
  readonly last: readonly (readonly [string, Last])[];
  readonly previous: Last | undefined;
}

/** JSON has no `undefined`: a key that held it is missing when it is read back. */
const maybeText = z
  .string()
  .optional()
  .transform((text) => text);
const matchState = z.object({
  kind: z.enum(['login', 'logout']),
  pattern: z.string(),
  user: z.string(),
  address: z.string(),
  serverAddress: maybeText,
  service: z.string(),
  session: maybeText,
  at: z.number(),
  source: z.string(),
  line: z.string(),
});
const lastState = z.object({ host: z.string(), message: z.string(), match: matchState });
const previousState = lastState.optional().transform((login) => login);
export const repeatState = z.object({ last: z.array(z.tuple([z.string(), lastState])), previous: previousState });
