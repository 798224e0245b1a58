/**
 * What a log source hands on. A source is pulled, never pushed: the reader asks for the next batch when it has
 * committed the last one, so a burst waits in the log and not in memory.
 */

/**
 * Where a source was after a batch: plain JSON, opaque to all but the source that made it. It is stored in the same
 * transaction as the entries that the batch produced.
 */
export type Checkpoint = Readonly<Record<string, unknown>>;

/** A log record that arrives with its fields apart, as journald gives it. */
export interface LogRecord {
  /** When it was logged, epoch milliseconds. */
  readonly at: number;
  /** The program's syslog tag, without pid: `dovecot`. Chosen by the sender, as in a file. */
  readonly tag: string;
  readonly pid: number | undefined;
  /** One line, without its header. */
  readonly message: string;
  /** Who wrote it, as journald vouches: no local user can forge these. */
  readonly trusted: { readonly unit: string | undefined; readonly uid: number | undefined };
}

interface BatchBase {
  readonly checkpoint: Checkpoint;
  /** What the source saw and the admin should know: lines over the cap, lines that a logger said it dropped. */
  readonly notices: readonly Notice[];
}

export type Batch =
  | (BatchBase & {
      readonly kind: 'lines';
      /**
       * Whole lines, each ended by LF, at most {@link LINE_CAP_BYTES} each; raw bytes of the log. Good until the source
       * is read again, which may use their memory.
       */
      readonly bytes: Buffer;
    })
  | (BatchBase & { readonly kind: 'records'; readonly records: readonly LogRecord[] });

export interface Notice {
  readonly kind:
    | 'line-too-long'
    | 'passed-by'
    | 'lines-dropped-by-logger'
    | 'log-missing'
    | 'log-unreadable'
    | 'log-back'
    | 'data-lost';
  readonly detail: string;
  /** How many lines it is about, where that is known. */
  readonly count: number | undefined;
}

export interface LogSource {
  /** Names the source in the store, in `list` and `show`: `file:/var/log/mail.log`, `journal`, `stdin`. */
  readonly id: string;
  /** Everything was read and nothing can follow, since a pipe was closed. Files and a followed journal never end. */
  readonly isEnded?: boolean;
  /**
   * Begins after `checkpoint`; without one, at the first line that may be younger than `since` (epoch ms). Lines from
   * before `since` are of no use, and need not be given.
   * A log that does not exist yet is no error: the source waits for it.
   */
  start(checkpoint: Checkpoint | undefined, since: number): Promise<void>;
  /** The next batch of at most about 1 MiB, undefined when there is nothing new. */
  read(): Promise<Batch | undefined>;
  /** Resolves when reading again may be worth while: the log changed, the poll interval has passed, or `signal` aborts. */
  wait(signal: AbortSignal): Promise<void>;
  /** Releases everything; idempotent. */
  stop(): Promise<void>;
}

/** A longer line is dropped whole: no login line comes near it, and a hostile client must not fill the memory. */
export const LINE_CAP_BYTES = 8192;
