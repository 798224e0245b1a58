import { accessSync, constants, statSync } from 'node:fs';
import { systemClock } from '../clock.ts';
import { formatDuration } from '../config/duration.ts';
import type { SourceConfig } from '../config/schema.ts';
import { errnoOf, reasonOf } from '../errors.ts';
import { error, ok, warning, type Finding } from './finding.ts';

const QUIET_MS = 3_600_000; // a mail host that logs nothing for an hour logs elsewhere, or its logger has died

/** Whether each log can be read by the user that the daemon runs as, and is being written. */
export function checkSource(source: SourceConfig): Finding[] {
  return 'file' in source && !source.file.includes('*') ? [checkFile(source.file)] : [];
}

function checkFile(file: string): Finding {
  try {
    accessSync(file, constants.R_OK);
    const quietMs = systemClock() - statSync(file).mtimeMs;
    if (quietMs < QUIET_MS) return ok(`${file}: can be read`);
    return warning(
      `${file}: nothing was logged for ${formatDuration(quietMs)}`,
      'see where the POP/IMAP server logs to',
    );
  } catch (failure) {
    if (errnoOf(failure) === 'ENOENT') {
      return warning(`${file}: does not exist yet; the daemon waits for it`, 'see where the POP/IMAP server logs to');
    }
    const todo = `let the daemon's user read it: usermod -a -G adm relaypass, and restart the daemon`;
    return error(`${file}: cannot be read: ${reasonOf(failure)}`, todo);
  }
}
