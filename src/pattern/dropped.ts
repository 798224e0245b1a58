/**
 * What loggers say when they have thrown lines away: logins may be among them, so the admin must hear of it.
 *
 *     rsyslogd: imuxsock lost 123 messages from pid 442 due to rate-limiting
 *     rsyslogd: imuxsock[pid: 442, ...]: begin to drop messages due to rate-limiting
 *     systemd-journald[99]: Suppressed 1234 messages from dovecot.service
 */
import type { Notice } from '../source/source.ts';

/** The tags that loggers write such lines under; rsyslog adds an error number to its own. */
export const LOGGER_TAGS = ['rsyslogd', 'rsyslogd-2177', 'systemd-journald', 'systemd-journal', 'journal'];

const DROPPED = /(?:lost|Suppressed|Missed) (\d{1,9}) (?:\w+ )?messages|begins? to drop messages/;

/** The notice that `message` of a logger is, if it is one. */
export function droppedNotice(message: string): Notice | undefined {
  const found = DROPPED.exec(message);
  if (found === null) return undefined;
  const count = found[1] === undefined ? undefined : Number(found[1]);
  return { kind: 'lines-dropped-by-logger', detail: message.slice(0, MAX_DETAIL), count };
}

const MAX_DETAIL = 200;
