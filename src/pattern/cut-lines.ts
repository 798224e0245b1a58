/**
 * Lines of a logger that cuts long messages and logs the rest as lines of their own: a client's long name goes on in a
 * line that starts with whatever the client chose, and that the server itself ends with the client's address and port.
 *
 * Courier's courierlogger is the one that is known. It takes 511 bytes at a time, drops a level such as `INFO:` and the
 * blanks behind it, and cuts on, so the first piece tells by its length, and a later one may look short. No other line
 * of the same logger comes between two pieces, but any time may pass there: it holds a piece back until somebody else
 * makes the server write. The rest comes right behind the last piece.
 *
 * So a long message is not believed, nor is what its host and tag log next: {@link REST_LINES} lines that a pattern
 * could match, and all within {@link REST_MS}, since loggers of the same tag may write at once. It costs the logins
 * among them, and only where somebody sends a name of hundreds of bytes.
 *
 * Limits: a logger in between that strips blanks at a message's end, as rsyslog does where it reads the journal
 * (imjournal), hides the length of a name that is mostly blanks.
 */
import * as z from 'zod';

/** A smaller limit would meet true logins. */
export const MIN_CUT_BYTES = 400;

/** Remembers where pieces of long messages may still come. */
export class CutLines {
  readonly #last = new Map<string, Cut>();

  /** Whether a line must be told to `isPart` at all, though it be short. */
  get areAwaited(): boolean {
    return this.#last.size > 0;
  }

  /** Whether a message logged `at`, of which a logger that cuts has made `isLong`, may be a piece of another. */
  isPart(host: string, tag: string, at: number, isLong: boolean): boolean {
    const key = `${host} ${tag}`;
    if (isLong) this.#add(key, { at, lines: REST_LINES });
    if (isLong) return true;
    const cut = this.#last.get(key);
    if (cut === undefined) return false;
    if (cut.lines <= 0 && Math.abs(at - cut.at) > REST_MS) this.#last.delete(key);
    else this.#last.set(key, { at: cut.at, lines: cut.lines - 1 });
    return this.#last.has(key);
  }

  #add(key: string, cut: Cut): void {
    this.#last.delete(key);
    this.#last.set(key, cut);
    const [oldest] = this.#last.keys();
    if (this.#last.size > MAX_PROGRAMS && oldest !== undefined) this.#last.delete(oldest);
  }

  get state(): z.output<typeof cutState> {
    return [...this.#last];
  }

  restore(state: z.output<typeof cutState>): void {
    for (const [key, cut] of state) this.#add(key, cut);
  }
}

/** Courier reads names of up to 8 KiB: 16 pieces of 511 bytes, and the last one may be joined with a later line. */
const REST_LINES = 17;
/** A stamp may be of whole seconds, and a busy host takes a while between two lines. */
const REST_MS = 2000;
/** Hosts times tags of one log, which no client chooses. */
const MAX_PROGRAMS = 1000;

const cut = z.object({
  /** When the last long piece was logged. */
  at: z.number(),
  /** How many more lines may be its rest. */
  lines: z.number(),
});
type Cut = z.output<typeof cut>;

export const cutState = z.array(z.tuple([z.string(), cut]));
