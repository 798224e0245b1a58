import type { LogSource } from '../../src/source/source.ts';

/** Waits until `source` wakes, or for `ms`; AbortSignal.any with a timeout may be collected before it is over. */
export async function waitAtMost(source: LogSource, ms: number): Promise<void> {
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(), ms);
  await source.wait(over.signal);
  clearTimeout(timer);
}
