/**
 * Whether Postfix asks a map of ours for who may relay, and what stands in its way: the order of the restrictions, a
 * service with its own, a map that Postfix cannot read.
 */
import { spawnSync } from 'node:child_process';
import { SENTINEL } from '../map/render.ts';
import type { MapTarget } from '../map/target.ts';
import type { MapTools } from '../map/tools.ts';
import { error, ok, warning, type Finding } from './finding.ts';

export function checkPostfix(target: MapTarget, tools: MapTools, ipv6Prefix: 64 | 128): Finding[] {
  const plain = `${target.type}:${target.path}`;
  const map = ipv6Prefix === 64 ? plain : `unionmap:{regexp:/dev/null,${plain}}`;
  const value = `permit_mynetworks, permit_auth_destination, check_client_access ${map}, reject_unauth_destination`;
  const todo = `run postconf -e 'smtpd_relay_restrictions = ${value}' and postfix reload`;
  const settings = ask(tools, 'postconf', ['-h', 'smtpd_relay_restrictions', 'smtpd_recipient_restrictions']);
  if (settings === undefined)
    return [warning('postconf: did not answer, so nobody knows whether Postfix uses the map', todo)];
  const [relay = '', recipient = ''] = settings.split('\n');
  const name = relay.trim() === '' ? 'smtpd_recipient_restrictions' : 'smtpd_relay_restrictions';
  return [
    ...checkRestrictions(name, relay.trim() === '' ? recipient : relay, { plain, map, todo }),
    ...checkNetworks(tools, plain),
    ...checkServices(tools, plain, value),
    ...checkReading(tools, plain),
  ];
}

interface Wanted {
  readonly plain: string;
  /** As it has to be written. */
  readonly map: string;
  readonly todo: string;
}

const REFUSES = /^(reject|defer|reject_unauth_destination|defer_unauth_destination)$/;

function checkRestrictions(name: string, value: string, { plain, map, todo }: Wanted): Finding[] {
  const list = restrictionsOf(value);
  const at = list.findIndex((word, index) => word === map && list[index - 1] === 'check_client_access');
  if (at < 0 && !value.includes(plain)) return [error(`main.cf: ${name} does not use ${plain}`, todo)];
  if (at < 0) return [error(`main.cf: uses ${plain} in a way that permits neighbours of an IPv6 address`, todo)];
  const before = list.slice(0, at);
  const refusal = before.find((word) => REFUSES.test(word));
  if (refusal !== undefined)
    return [error(`main.cf: ${name} has ${refusal} before ${map}, which is never asked`, todo)];
  const found = ok(`main.cf: uses ${map}`);
  if (before.includes('permit_auth_destination')) return [found];
  const what = `main.cf: ${name} has no permit_auth_destination before ${map}: without the map inbound mail is put off`;
  return [found, warning(what, todo)];
}

/** The words of a list of restrictions; what is in braces is one of them, without the blanks in it. */
function restrictionsOf(value: string): string[] {
  const words = value.match(/(?:[^\s,{]|\{[^}]*\})+/g) ?? [];
  return words.map((word) => word.replaceAll(/\s/g, ''));
}

function checkNetworks(tools: MapTools, plain: string): Finding[] {
  if (ask(tools, 'postconf', ['-h', 'mynetworks'])?.includes(plain) !== true) return [];
  const what = `main.cf: mynetworks holds ${plain}, which frees its clients of more than the refusal to relay`;
  return [warning(what, 'take it out of mynetworks: smtpd_relay_restrictions is the place')];
}

/** A `-o smtpd_relay_restrictions=` in master.cf holds for its service instead of main.cf's. */
function checkServices(tools: MapTools, plain: string, value: string): Finding[] {
  const overrides = ask(tools, 'postconf', ['-P', '*/inet/smtpd_relay_restrictions']) ?? '';
  return overrides
    .split('\n')
    .map((line) => line.split(' = ', 2))
    .filter(([parameter = '', own = '']) => parameter.includes('/') && !own.includes(plain))
    .map(([parameter = '']) => {
      const what = `master.cf: ${parameter} has its own value, which does not use ${plain}`;
      return warning(what, `where clients without AUTH use that service: postconf -P '${parameter}=${value}'`);
    });
}

function checkReading(tools: MapTools, plain: string): Finding[] {
  if (ask(tools, 'postmap', ['-q', SENTINEL.key, plain])?.trim() === SENTINEL.value)
    return [ok(`${plain}: Postfix reads it`)];
  return [error(`${plain}: postmap -q finds nothing in it`, 'run "relaypass sweep" and see why it fails')];
}

const TIMEOUT_MS = 10_000; // each answers in milliseconds; a fatal Postfix tool sleeps a second first

/** What the tool answers; undefined where it fails, as an older one does that does not know the question. */
function ask(tools: MapTools, tool: 'postconf' | 'postmap', args: readonly string[]): string | undefined {
  const { status, stdout } = spawnSync(tools.find(tool) ?? tool, args, {
    env: tools.env,
    encoding: 'utf8',
    timeout: TIMEOUT_MS,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return status === 0 ? stdout : undefined;
}
