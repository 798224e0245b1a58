import { existsSync } from 'node:fs';
import type { SourceConfig } from '../config/schema.ts';

const FILES = ['/var/log/mail.log', '/var/log/maillog']; // Debian's, RHEL's

/** Where this host's mail servers log to. */
export function detectSources(): SourceConfig[] {
  return [{ file: FILES.find((file) => existsSync(file)) ?? '/var/log/mail.log' }];
}
