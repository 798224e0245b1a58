/** One entry of the journal, as `journalctl -o json --all` prints it: one JSON object a line. */
import * as z from 'zod';
import type { LogRecord } from './source.ts';

const text = z.union([z.string(), z.array(z.int().min(0).max(255)).transform(decode)]); // bytes where it is no UTF-8
const number = z
  .string()
  .regex(/^\d{1,16}$/)
  .transform(Number)
  .optional()
  .catch(undefined);

const entry = z.object({
  __CURSOR: z.string(),
  /** When journald received it, microseconds. */
  __REALTIME_TIMESTAMP: z
    .string()
    .regex(/^\d{1,16}$/)
    .transform((us) => Math.floor(Number(us) / 1000)),
  MESSAGE: text.optional().catch(undefined),
  /** As it came, where journald took more off it than its header. */
  SYSLOG_RAW: text.optional().catch(undefined),
  SYSLOG_IDENTIFIER: text.optional().catch(undefined),
  _COMM: text.optional().catch(undefined),
  _PID: number,
  SYSLOG_PID: number,
  _UID: number,
  _SYSTEMD_UNIT: z.string().optional().catch(undefined),
});

/** The fields that are read; journalctl is asked for no others. */
export const FIELDS = Object.keys(entry.shape).filter((name) => !name.startsWith('__'));

export interface JournalEntry {
  readonly cursor: string;
  readonly at: number;
  /** Undefined where the entry has no text. */
  readonly record: LogRecord | undefined;
}

/** Undefined for a line that is no entry. */
export function parseEntry(line: string): JournalEntry | undefined {
  const { data } = entry.safeParse(parseJson(line));
  if (data === undefined) return undefined;
  const { __CURSOR: cursor, __REALTIME_TIMESTAMP: at, MESSAGE: message, SYSLOG_IDENTIFIER: tag, SYSLOG_PID } = data;
  if (message === undefined) return { cursor, at, record: undefined };
  const { _COMM: command = '', _PID: pid = SYSLOG_PID, _UID: uid, _SYSTEMD_UNIT: unit } = data;
  const whole = message + blanksBehind(data.SYSLOG_RAW ?? '');
  const record = { at, tag: tag ?? command, pid, message: whole, trusted: { unit, uid } };
  return { cursor, at, record };
}

/** The blanks at a message's end, which journald takes off and a file keeps: its length tells whether it was cut. */
function blanksBehind(raw: string): string {
  return raw.slice(raw.trimEnd().length).replaceAll(/[^ \t]/g, '');
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined; // cut off where journalctl was killed
  }
}

function decode(bytes: readonly number[]): string {
  return Buffer.from(bytes).toString('utf8'); // as the lines of a file are decoded
}
