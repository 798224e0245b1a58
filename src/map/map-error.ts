import { isNativeError } from 'node:util/types';
import { EXIT, OperationalError, reasonOf } from '../errors.ts';
import type { MapTarget } from './target.ts';

/** A map could not be built or put in place: reported and tried again, where any other error ends the process. */
export class MapError extends OperationalError {
  constructor({ file }: Pick<MapTarget, 'file'>, what: string, cause?: unknown) {
    super('map-failed', EXIT.io, `${file}: ${what}`, { cause });
  }
}

/** A failed system call as a map's failure; anything else is a bug, or an error already told, and is passed through. */
export function asMapError(target: Pick<MapTarget, 'file'>, what: string, error: unknown): unknown {
  const isSystemError = isNativeError(error) && 'syscall' in error;
  return isSystemError ? new MapError(target, `${what}: ${reasonOf(error)}`, error) : error;
}
