import type { Clock } from '../clock.ts';
import type { SourceConfig } from '../config/schema.ts';
import type { Log } from '../log.ts';
import { detectSources } from './detect.ts';
import { createFileSource } from './file.ts';
import { createJournalSource } from './journal.ts';
import type { StampOf } from './seek.ts';
import type { LogSource } from './source.ts';
import { createStdinSource } from './stdin.ts';

export interface SourceOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly stampOf: StampOf;
}

/** The sources that the configuration names; without any, what the host has, and the log says which and why. */
export function createSources(configured: readonly SourceConfig[] | undefined, options: SourceOptions): LogSource[] {
  return (configured ?? detected(options)).map((source) => createSource(source, options));
}

function createSource(config: SourceConfig, options: SourceOptions): LogSource {
  if ('file' in config) return createFileSource(config.file, options);
  return 'journal' in config ? createJournalSource(options) : createStdinSource(process.stdin);
}

function detected({ clock, log }: SourceOptions): SourceConfig[] {
  const { sources, reason } = detectSources('/', clock());
  log.info('detected', { reason });
  return sources;
}
