import { EXIT, OperationalError } from '../errors.ts';

/** A host that is not changed, since it cannot be changed safely: the message tells what to do by hand. */
export function refused(message: string): OperationalError {
  return new OperationalError('setup-refused', EXIT.unavailable, message);
}
