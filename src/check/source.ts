import { spawnSync } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { systemClock } from '../clock.ts';
import { formatDuration } from '../config/duration.ts';
import type { SourceConfig } from '../config/schema.ts';
import { errnoOf, reasonOf } from '../errors.ts';
import { error, ok, warning, type Finding } from './finding.ts';
import { checkRateLimit } from './journald.ts';
import { checkRotation } from './logrotate.ts';

const QUIET_MS = 3_600_000; // a mail host that logs nothing for an hour logs elsewhere, or its logger has died
const JOURNALCTL_TIMEOUT_MS = 10_000;

/** Whether a log can be read by the user that the daemon runs as, is being written, and loses no lines on its way. */
export function checkSource(source: SourceConfig): Finding[] {
  if ('journal' in source) return [checkJournal(), ...checkRateLimit()];
  if (!('file' in source)) return [];
  return source.file.includes('*')
    ? checkRotation(source.file)
    : [checkFile(source.file), ...checkRotation(source.file)];
}

function checkFile(file: string): Finding {
  try {
    accessSync(file, constants.R_OK);
    const quietMs = systemClock() - statSync(file).mtimeMs;
    if (quietMs < QUIET_MS) return ok(`${file}: can be read`);
    return warning(`${file}: nothing was logged for ${formatDuration(quietMs)}`, SEE_WHERE);
  } catch (failure) {
    if (errnoOf(failure) === 'ENOENT')
      return warning(`${file}: does not exist yet; the daemon waits for it`, SEE_WHERE);
    const todo = `let the daemon's user read it, by its group: usermod -a -G adm relaypass; or read the journal`;
    return error(`${file}: cannot be read: ${reasonOf(failure)}`, todo);
  }
}

const SEE_WHERE = 'see where the POP/IMAP server logs to';

function checkJournal(): Finding {
  const args = ['--lines=1', '--quiet', '--output=cat'];
  const { status, stdout } = spawnSync('journalctl', args, { encoding: 'utf8', timeout: JOURNALCTL_TIMEOUT_MS });
  if (status === 0 && stdout !== '') return ok('journal: can be read');
  const todo = "let the daemon's user read it: usermod -a -G systemd-journal relaypass";
  return error('journal: journalctl shows nothing to the user that the daemon runs as', todo);
}
