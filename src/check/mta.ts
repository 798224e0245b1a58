/** Whether the MTAs of this host look into our maps, and if not, the lines that make them. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { errnoOf } from '../errors.ts';
import type { MapTarget } from '../map/target.ts';
import type { MapTools } from '../map/tools.ts';
import { error, ok, warning, type Finding } from './finding.ts';

const SENDMAIL_CF = '/etc/mail/sendmail.cf';

/** @param cf where Sendmail's configuration is */
export function checkMta(target: MapTarget, tools: MapTools, ipv6Prefix: 64 | 128, cf = SENDMAIL_CF): Finding[] {
  if (target.form === 'sendmail') return [checkSendmail(target, cf)];
  if (target.form !== 'postfix' || tools.find('postconf') === undefined) return [];
  return [checkPostfix(target, tools, ipv6Prefix)];
}

function checkSendmail({ path }: MapTarget, cf: string): Finding {
  const include = "include(`/etc/relaypass/popauth.m4')dnl";
  const todo = `add ${include} as the last line of /etc/mail/sendmail.mc, run "make -C /etc/mail" and restart sendmail`;
  const text = readIfThere(cf);
  if (text === undefined) return warning(`${cf}: not found, so nobody knows whether Sendmail uses ${path}`, todo);
  const uses = text.split('\n').some((line) => line.startsWith('K') && line.split(/\s+/).includes(path));
  return uses ? ok(`${cf}: uses ${path}`) : error(`${cf}: does not use ${path}`, todo);
}

const LISTS = ['smtpd_relay_restrictions', 'smtpd_recipient_restrictions', 'smtpd_client_restrictions'];

function checkPostfix({ type, path }: MapTarget, tools: MapTools, ipv6Prefix: 64 | 128): Finding {
  const plain = `${type}:${path}`;
  const map = ipv6Prefix === 64 ? plain : `unionmap:{regexp:/dev/null,${plain}}`;
  const value = `permit_mynetworks, permit_auth_destination, check_client_access ${map}, reject_unauth_destination`;
  const todo = `run postconf -e 'smtpd_relay_restrictions = ${value}' and postfix reload`;
  const { status, stdout } = spawnSync(tools.find('postconf') ?? '', ['-h', ...LISTS], {
    env: tools.env,
    encoding: 'utf8',
  });
  if (status !== 0) return warning('postconf: did not answer, so nobody knows whether Postfix uses the map', todo);
  const written = stdout.replaceAll(/\s*,\s*/g, ',');
  if (written.split(/[\s,]+check_client_access\s+/).some((rest) => rest.startsWith(map)))
    return ok(`main.cf: uses ${map}`);
  if (!written.includes(plain)) return error(`main.cf: does not use ${plain}`, todo);
  return error(`main.cf: uses ${plain} in a way that permits neighbours of an IPv6 address`, todo);
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (failure) {
    if (errnoOf(failure) === 'ENOENT' || errnoOf(failure) === 'EACCES') return undefined;
    throw failure;
  }
}
