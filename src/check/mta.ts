/** Whether the MTAs of this host ask relaypass who may relay, and if not, the lines that make them. */
import { readFileSync } from 'node:fs';
import { errnoOf } from '../errors.ts';
import type { MapTarget } from '../map/target.ts';
import type { MapTools } from '../map/tools.ts';
import { error, ok, warning, type Finding } from './finding.ts';
import { checkPostfix, type Wired } from './postfix.ts';
import { SENDMAIL_INCLUDE, sendmailAccessFeature, sendmailMapLine } from './wiring.ts';

const SENDMAIL_CF = '/etc/mail/sendmail.cf';

/** @param cf where Sendmail's configuration is */
export function checkMta(wired: Wired, tools: MapTools, cf = SENDMAIL_CF): Finding[] {
  const sendmail = wired.targets.filter(({ form }) => form === 'sendmail' || form === 'connect');
  return [...sendmail.map((target) => checkSendmail(target, cf)), ...checkPostfix(wired, tools)];
}

function checkSendmail(target: MapTarget, cf: string): Finding {
  const { path } = target;
  const todo = lineToAdd(target);
  const text = readIfThere(cf);
  if (text === undefined) return warning(`${cf}: not found, so nobody knows whether Sendmail uses ${path}`, todo);
  const uses = text.split('\n').some((line) => line.startsWith('K') && line.split(/\s+/).includes(path));
  return uses ? ok(`${cf}: uses ${path}`) : error(`${cf}: does not use ${path}`, todo);
}

function lineToAdd(target: MapTarget): string {
  const make = 'run "make -C /etc/mail" and restart sendmail';
  if (target.form === 'connect') return `set ${sendmailAccessFeature(target)} in /etc/mail/sendmail.mc, ${make}`;
  const line = `with the line "${sendmailMapLine(target)}" in popauth.m4`;
  return `add ${SENDMAIL_INCLUDE} as the last line of /etc/mail/sendmail.mc, ${line}, ${make}`;
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (failure) {
    if (errnoOf(failure) === 'ENOENT' || errnoOf(failure) === 'EACCES') return undefined;
    throw failure;
  }
}
