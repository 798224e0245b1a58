/** Whether the MTAs of this host ask relaypass who may relay, and if not, the lines that make them. */
import type { MapTools } from '../map/tools.ts';
import type { Finding } from './finding.ts';
import { checkPostfix, type Wired } from './postfix.ts';
import { checkSendmail } from './sendmail.ts';

const SENDMAIL_CF = '/etc/mail/sendmail.cf';

export async function checkMta(wired: Wired, tools: MapTools): Promise<Finding[]> {
  return [...(await checkSendmail(wired, tools, SENDMAIL_CF)), ...checkPostfix(wired, tools)];
}
