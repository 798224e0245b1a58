import { userInfo } from 'node:os';

/** Who gives this command, for the audit trail: the one behind sudo where that is known. To be asked before this process acts as somebody else. */
export function adminName(): string {
  return process.env['SUDO_USER'] ?? userInfo().username;
}
