/**
 * How long to sleep until the next beat of `periodMs`. Whoever looks at something again and again sleeps until a beat,
 * so that all do so at one waking of the processor: to wake costs more than to look.
 *
 * Limits: a beat that is nearly there is passed over, since who was woken by something else would look twice; so the
 * longest sleep is a quarter longer than the period.
 */
export function untilBeat(periodMs: number, nowMs = loopMs()): number {
  const leftMs = periodMs - (nowMs % periodMs);
  return leftMs < periodMs / 4 ? leftMs + periodMs : leftMs;
}

/** As the event loop counts, in whole milliseconds: by any other count timers for one beat would go off a millisecond apart. */
function loopMs(): number {
  return Number(process.hrtime.bigint() / 1_000_000n);
}
