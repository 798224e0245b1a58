import type { Clock } from '../clock.ts';
import type { SourceConfig } from '../config/schema.ts';
import { EXIT, OperationalError } from '../errors.ts';
import type { Log } from '../log.ts';
import { detectSources } from './detect.ts';
import { createFileSource } from './file.ts';
import type { StampOf } from './seek.ts';
import type { LogSource } from './source.ts';

export interface SourceOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly stampOf: StampOf;
}

/** The sources that the configuration names; without any, what the host has, and the log says which. */
export function createSources(configured: readonly SourceConfig[] | undefined, options: SourceOptions): LogSource[] {
  return (configured ?? detectSources()).map((source) => {
    if ('file' in source) return createFileSource(source.file, options);
    throw new OperationalError('source-unsupported', EXIT.config, 'source: only file is supported');
  });
}
