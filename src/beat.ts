/**
 * How long to sleep until the next beat of `periodMs`. Whoever looks at something again and again sleeps until a beat,
 * so that all do so at one waking of the processor: to wake costs more than to look.
 *
 * Limits: a beat that is nearly there is passed over, since timers may go off a little early; so the longest sleep is
 * a quarter longer than the period.
 */
export function untilBeat(periodMs: number, nowMs = performance.now()): number {
  const leftMs = periodMs - (nowMs % periodMs);
  return leftMs < periodMs / 4 ? leftMs + periodMs : leftMs;
}
