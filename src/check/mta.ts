/** Whether the MTAs of this host look into our maps, and if not, the lines that make them. */
import { readFileSync } from 'node:fs';
import { errnoOf } from '../errors.ts';
import type { MapTarget } from '../map/target.ts';
import type { MapTools } from '../map/tools.ts';
import { error, ok, warning, type Finding } from './finding.ts';
import { checkPostfix } from './postfix.ts';

const SENDMAIL_CF = '/etc/mail/sendmail.cf';

/** @param cf where Sendmail's configuration is */
export function checkMta(target: MapTarget, tools: MapTools, ipv6Prefix: 64 | 128, cf = SENDMAIL_CF): Finding[] {
  if (target.form === 'sendmail') return [checkSendmail(target, cf)];
  if (target.form !== 'postfix' || tools.find('postconf') === undefined) return [];
  return checkPostfix(target, tools, ipv6Prefix);
}

function checkSendmail({ path }: MapTarget, cf: string): Finding {
  const include = "include(`/etc/relaypass/popauth.m4')dnl";
  const todo = `add ${include} as the last line of /etc/mail/sendmail.mc, run "make -C /etc/mail" and restart sendmail`;
  const text = readIfThere(cf);
  if (text === undefined) return warning(`${cf}: not found, so nobody knows whether Sendmail uses ${path}`, todo);
  const uses = text.split('\n').some((line) => line.startsWith('K') && line.split(/\s+/).includes(path));
  return uses ? ok(`${cf}: uses ${path}`) : error(`${cf}: does not use ${path}`, todo);
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (failure) {
    if (errnoOf(failure) === 'ENOENT' || errnoOf(failure) === 'EACCES') return undefined;
    throw failure;
  }
}
