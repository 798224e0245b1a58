import { isNativeError } from 'node:util/types'; // unlike instanceof, it knows the errors of every realm: jest has its own

/** Exit statuses of sysexits(3), the ones that relaypass uses. */
export const EXIT = {
  ok: 0,
  usage: 64,
  dataErr: 65,
  unavailable: 69,
  software: 70,
  cantCreate: 73,
  io: 74,
  tempFail: 75,
  noPermission: 77,
  config: 78,
} as const;

export type ExitStatus = (typeof EXIT)[keyof typeof EXIT];

/**
 * A failure that the admin can understand and mend: its message names what failed, where, what was expected and what
 * to do. Anything else that is thrown is a bug in relaypass.
 */
export class OperationalError extends Error {
  override readonly name = 'OperationalError';
  /** Stable word for scripts and tests, such as `store-busy`. */
  readonly code: string;
  readonly exitStatus: ExitStatus;

  constructor(code: string, exitStatus: ExitStatus, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.exitStatus = exitStatus;
  }
}

/** The message of whatever was thrown, for a sentence of our own to end with. */
export function reasonOf(thrown: unknown): string {
  return isNativeError(thrown) ? thrown.message : String(thrown);
}

/** The `errno` name of a failed system call (`ENOENT`), undefined for any other failure. */
export function errnoOf(thrown: unknown): string | undefined {
  return isNativeError(thrown) && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : undefined;
}
