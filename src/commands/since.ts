import { systemClock } from '../clock.ts';
import { parseDuration } from '../config/duration.ts';
import { EXIT, OperationalError } from '../errors.ts';

/**
 * The instant that `--since` names, as an age or by itself.
 * @throws OperationalError exit 64 for a text that is neither
 */
export function instantOf(text: string): number {
  const agoMs = parseDuration(text);
  const at = agoMs === undefined ? Date.parse(text) : systemClock() - agoMs;
  if (!Number.isNaN(at)) return at;
  const message = `--since: expected a duration such as "1h" or an instant, found "${text}"`;
  throw new OperationalError('usage', EXIT.usage, message);
}
