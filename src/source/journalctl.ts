/**
 * The child process that reads the journal for us. The only file that starts journalctl.
 *
 * Quirks hidden here, all of systemd 252: `--after-cursor` skips an entry when the cursor's own is gone, so `--cursor`
 * is used, which gives the cursor's own entry again; a cursor it cannot use makes it leave with 1; `--follow` alone
 * shows only the last ten; without `--all` a long or binary field is null. No unit is asked for: `--unit` with a
 * pattern knows only the units that were there when it began, and finds nothing of a process that ended before journald
 * could ask for its unit.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { EXIT, errnoOf, OperationalError, reasonOf } from '../errors.ts';
import { FIELDS } from './journal-record.ts';

/** Where to begin: at an entry, which comes again, or at a time (epoch milliseconds). */
export type Position = { readonly cursor: string } | { readonly since: number };

/** Why journalctl ended: `fatal` is nothing that another attempt would mend. */
export type Ending =
  | { readonly kind: 'bad-cursor' }
  | { readonly kind: 'ended'; readonly detail: string; readonly isClean: boolean }
  | { readonly kind: 'fatal'; readonly error: OperationalError };

const REFUSED = /insufficient permissions|not seeing messages from other users/i;
const STDERR_BYTES = 1000; // its last words; it says no more than a line or two

export class Journalctl {
  readonly output: Readable;
  #child: ChildProcess;
  #ending: Ending | undefined;
  #stderr = '';

  constructor(command: string, position: Position, follow: boolean, onEnd: () => void) {
    const args = ['--output=json', '--all', `--output-fields=${FIELDS.join(',')}`];
    if (follow) args.push('--follow', '--no-tail');
    const env = { ...process.env, LC_ALL: 'C', SYSTEMD_COLORS: '0' };
    const child = spawn(command, [...args, startOf(position)], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    this.output = child.stdout;
    const end = (ending: Ending) => {
      this.#ending ??= ending;
      onEnd();
    };
    child.stderr.on('data', (chunk: Buffer) => {
      this.#stderr = (this.#stderr + chunk.toString()).slice(-STDERR_BYTES);
      if (!REFUSED.test(this.#stderr)) return;
      end({ kind: 'fatal', error: refused() });
      child.kill(); // it would go on with what little it may read
    });
    child.once('error', (error) => end({ kind: 'fatal', error: notStarted(command, error) }));
    child.once('close', (status, signal) =>
      end(endingOf(this.#stderr.trim(), status === null ? `signal ${signal}` : `status ${status}`, status === 0)),
    );
  }

  /** Set once it has ended, or will. */
  get ending(): Ending | undefined {
    return this.#ending;
  }

  async stop(): Promise<void> {
    if (this.#ending !== undefined) return;
    this.output.destroy(); // a child that waits for us to read would not be waited for
    const closed = once(this.#child, 'close');
    this.#child.kill();
    await closed;
  }
}

function startOf(position: Position): string {
  // Whole seconds are all that --since takes everywhere.
  return 'cursor' in position ? `--cursor=${position.cursor}` : `--since=@${Math.floor(position.since / 1000)}`;
}

function endingOf(stderr: string, how: string, isClean: boolean): Ending {
  if (/cursor/i.test(stderr)) return { kind: 'bad-cursor' };
  return { kind: 'ended', detail: `journalctl ended with ${how}${stderr === '' ? '' : `: ${stderr}`}`, isClean };
}

function refused(): OperationalError {
  const message =
    'no permission to read the systemd journal: add the user that relaypass runs as to the group systemd-journal, ' +
    'or name a log file as [[source]]';
  return new OperationalError('journal-refused', EXIT.noPermission, message);
}

function notStarted(command: string, cause: Error): OperationalError {
  const why = errnoOf(cause) === 'ENOENT' ? 'there is no such command' : reasonOf(cause);
  const message = `cannot start ${command} to read the systemd journal: ${why}; name a log file as [[source]] instead`;
  return new OperationalError('journalctl-failed', EXIT.unavailable, message, { cause });
}
