import type { LogRecord } from '../source/source.ts';
import type { Pattern } from './pattern.ts';

/**
 * Whether journald vouches that `pattern`'s server wrote a record: it came from one of its units; or, where journald
 * could not tell the unit (the process had ended), from one of its users. A tag alone anybody may choose.
 */
export function isTrusted({ trusted }: Pattern, { unit, uid }: LogRecord['trusted']): boolean {
  if (unit !== undefined) return trusted.units.some((known) => isUnit(known, unit));
  return uid !== undefined && trusted.uids.includes(uid);
}

/** `dovecot@.service` stands for every instance. */
function isUnit(known: string, unit: string): boolean {
  const [name, suffix] = known.split('@');
  return known === unit || (suffix !== undefined && unit.startsWith(`${name}@`) && unit.endsWith(suffix));
}
