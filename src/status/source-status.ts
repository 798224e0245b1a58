import { systemClock } from '../clock.ts';
import type { Config } from '../config/schema.ts';
import type { Log } from '../log.ts';
import { progressSchema } from '../progress.ts';
import { unreadBytes } from '../source/checkpoint.ts';
import { createSources } from '../source/create.ts';
import type { Store } from '../store/store.ts';

export interface SourceStatus {
  readonly id: string;
  /** When lines were last read, and when one last matched a pattern, epoch milliseconds; null before the first. */
  readonly readAt: number | null;
  readonly lastMatchAt: number | null;
  /** What the log holds behind the stored position; null where only the source itself can tell. */
  readonly unreadBytes: number | null;
}

/** How far each source of the configuration was read. */
export function sourceStatuses(config: Config, store: Store, log: Log): SourceStatus[] {
  const sources = createSources(config.source, { clock: systemClock, log, stampOf: () => undefined });
  return sources.map(({ id }) => {
    const progress = progressSchema.safeParse(store.checkpoint(id)).data;
    return {
      id,
      readAt: progress?.readAt ?? null,
      lastMatchAt: progress?.lastMatchAt ?? null,
      unreadBytes: (progress && unreadBytes(progress.source)) ?? null,
    };
  });
}
