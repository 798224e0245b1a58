import type { Clock } from './clock.ts';

const MAX_KEYS = 1000; // a key may hold a user name, which an attacker can vary without end

/** Tells whether a thing that repeats is due to be told: the first time, and then once in `intervalMs` for each key. */
export function oncePer(intervalMs: number, clock: Clock): (key: string) => boolean {
  const lastAt = new Map<string, number>();
  return (key) => {
    const now = clock();
    const last = lastAt.get(key);
    if (last !== undefined && now - last < intervalMs && now >= last) return false;
    if (lastAt.size >= MAX_KEYS) lastAt.clear();
    lastAt.set(key, now);
    return true;
  };
}
