/** Finds out what a host logs to, where the configuration names no source. */
import fs from 'node:fs';
import path from 'node:path';
import type { SourceConfig } from '../config/schema.ts';
import { dovecotSetting, findProgram } from './host-programs.ts';

export interface Detection {
  readonly sources: SourceConfig[];
  /** Says what was chosen, and why. */
  readonly reason: string;
}

const LOGS = ['/var/log/mail.log', '/var/log/maillog']; // Debian's and RHEL's
const STALE_MS = 3_600_000; // a host that went over to the journal leaves its old log lying about

/**
 * The logs of the host below `root`: the files that exist, Dovecot's own among them; and the journal where no file does,
 * or where none has been written to for an hour.
 */
export function detectSources(root = '/', now = Date.now()): Detection {
  const dovecot = dovecotLog(root);
  const files = [...LOGS.filter((file) => isFile(path.join(root, file))), ...(dovecot === undefined ? [] : [dovecot])];
  const found = [...new Set(files)];
  const sources: SourceConfig[] = found.map((file) => ({ file }));
  const fresh = found.filter((file) => now - writtenAt(path.join(root, file)) < STALE_MS);
  const names = found.join(' and ');
  if (fresh.length > 0) return { sources, reason: `reading ${names}, the mail log of this host` };
  if (findProgram(root, 'journalctl') !== undefined) {
    const why = found.length === 0 ? 'this host has no mail log as a file' : `${names} is older than an hour`;
    return { sources: [...sources, { journal: true }], reason: `reading the systemd journal${also(names)}: ${why}` };
  }
  if (found.length > 0)
    return { sources, reason: `reading ${names}, which is older than an hour, for want of another` };
  const [file = ''] = LOGS;
  return { sources: [{ file }], reason: `waiting for ${file}: this host has neither a mail log nor a systemd journal` };
}

function also(names: string): string {
  return names === '' ? '' : ` and ${names}`;
}

/** The file that Dovecot logs logins to itself; undefined where it uses syslog, or is not there. */
function dovecotLog(root: string): string | undefined {
  const files = ['info_log_path', 'log_path'].map((name) => dovecotSetting(root, name) ?? '');
  const file = files.find((value) => value !== '');
  return file !== undefined && path.isAbsolute(file) && isFile(path.join(root, file)) ? file : undefined;
}

function isFile(file: string): boolean {
  return fs.statSync(file, { throwIfNoEntry: false })?.isFile() === true;
}

function writtenAt(file: string): number {
  return fs.statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
