import { existsSync } from 'node:fs';

export type Mta = 'sendmail' | 'postfix';

/** What makes a running MTA take up its configuration: Sendmail reads it at its start alone. */
export function reloadCommand(mta: Mta): readonly [string, ...string[]] {
  if (mta === 'postfix') return ['postfix', 'reload'];
  return existsSync('/run/systemd/system') ? ['systemctl', 'restart', 'sendmail'] : ['service', 'sendmail', 'restart'];
}
