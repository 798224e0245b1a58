import { statSync } from 'node:fs';
import type { Config } from '../config/schema.ts';
import { formatEndpoint } from '../server/endpoint.ts';

/** Where metrics are told. */
export interface MetricsStatus {
  readonly listen: string | null;
  readonly textfile: string | null;
  /** When the text file was written, epoch milliseconds; null where there is none. */
  readonly writtenAt: number | null;
}

/** Null where the configuration wants none. */
export function metricsStatus({ metrics }: Config): MetricsStatus | null {
  if (metrics === undefined) return null;
  const { listen, textfile } = metrics;
  return {
    listen: listen === undefined ? null : formatEndpoint(listen),
    textfile: textfile ?? null,
    writtenAt: textfile === undefined ? null : writtenAt(textfile),
  };
}

function writtenAt(file: string): number | null {
  const stats = statSync(file, { throwIfNoEntry: false });
  return stats === undefined ? null : Math.trunc(stats.mtimeMs);
}
