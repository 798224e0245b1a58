/**
 * Notices lines that jump back. A logger that does not escape a newline lets a client write whole lines, whose stamp it
 * can only guess: a guess that is over a minute before its host's newest line gives it away, while the log is live.
 */
export class BackwardJump {
  readonly #newestAt = new Map<string, number>();

  /** Whether a line of `host` stamped `at` is amid newer ones of this minute. */
  isOne(host: string, at: number, now: number): boolean {
    const newest = this.#newestAt.get(host);
    const isLive = newest !== undefined && Math.abs(now - newest) <= JUMP_MS;
    if (isLive && at < newest - JUMP_MS) return true;
    if (newest === undefined && this.#newestAt.size >= MAX_HOSTS) this.#newestAt.clear();
    const isBeforeClock = newest !== undefined && newest > now + JUMP_MS; // the clock was set back
    if (newest === undefined || at > newest || isBeforeClock) this.#newestAt.set(host, at);
    return false;
  }
}

/** Programs write a host's log out of order by seconds; a clock is set back by less than this in small steps. */
const JUMP_MS = 60_000;
const MAX_HOSTS = 100;
