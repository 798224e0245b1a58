/**
 * The daemon's own log: one line an event on stderr, past tense, facts as `key=value`. Under systemd each line carries
 * its priority as `<N>` (sd-daemon(3)) and no time stamp, since the journal adds one.
 *
 * Whatever comes from a mail log is untrusted: every value is escaped, so it can neither start a line nor move a
 * terminal's cursor.
 */
import type { Clock } from './clock.ts';
import { oncePer } from './limiter.ts';
import { writeError } from './stdio.ts';

type Facts = Readonly<Record<string, string | number | boolean | Date | undefined>>;

export interface Log {
  error(event: string, facts?: Facts): void;
  warn(event: string, facts?: Facts): void;
  info(event: string, facts?: Facts): void;
  debug(event: string, facts?: Facts): void;
  /** Writes what `tell` tells, and it alone, at once: a call to the system for all lines of a burst, not one for each. */
  together(tell: () => void): void;
}

const PRIORITY = { error: 3, warn: 4, info: 6, debug: 7 } as const; // syslog(3)
type Level = keyof typeof PRIORITY;

/** Where lines go, and how much is told. */
export interface LogOptions {
  write: (lines: string) => void;
  /** Prefix each line with `<priority>`, for systemd. */
  priorities: boolean;
  /** The least important level that is written. @default "info" */
  level?: Level;
}

export function createLog({ write, priorities, level = 'info' }: LogOptions): Log {
  let held: string | undefined;
  const together = (tell: () => void) => {
    if (held !== undefined) return tell();
    held = '';
    try {
      tell();
    } finally {
      if (held !== '') write(held);
      held = undefined;
    }
  };
  const at =
    (own: Level) =>
    (event: string, facts: Facts = {}) => {
      if (PRIORITY[own] > PRIORITY[level]) return;
      const prefix = priorities ? `<${PRIORITY[own]}>` : own === 'info' ? '' : `${own}: `;
      const line = `${prefix}${event}${render(facts)}\n`;
      if (held === undefined) write(line);
      else held += line;
    };
  return { error: at('error'), warn: at('warn'), info: at('info'), debug: at('debug'), together };
}

/** The log of a process that systemd may have started: priorities when it says so. */
export function stderrLog(level?: Level): Log {
  const priorities = process.env['JOURNAL_STREAM'] !== undefined;
  return createLog({ write: writeError, priorities, ...(level && { level }) });
}

/** Wraps `log` so that a warning of one event and key is written at most once in `intervalMs`. */
export function rateLimited(
  log: Log,
  clock: Clock,
  intervalMs: number,
): (key: string, event: string, facts?: Facts) => void {
  const isDue = oncePer(intervalMs, clock);
  return (key, event, facts) => {
    if (isDue(key)) log.warn(event, facts);
  };
}

/** Escapes control, format and separator characters, so that untrusted text stays on its line. */
export function escapeControls(text: string): string {
  if (PLAIN.test(text)) return text; // most are, and the tables of Unicode take a while to load
  return text.replace(UNSAFE, (c) => `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`);
}

const PLAIN = /^[ -~]*$/;
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

function render(facts: Facts): string {
  let text = '';
  for (const [key, value] of Object.entries(facts)) {
    if (value !== undefined) text += ` ${key}=${quote(escapeControls(textOf(value)))}`;
  }
  return text;
}

function textOf(value: string | number | boolean | Date): string {
  return value instanceof Date ? value.toISOString() : String(value);
}

function quote(text: string): string {
  return /^[^\s"=]+$/.test(text) ? text : `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}
