/** The ways in which Postfix can be told who may relay, and how each is written in a list of restrictions. */
import path from 'node:path';
import type { LookupConfig } from '../config/schema.ts';
import type { MapTarget } from '../map/target.ts';
import { formatEndpoint, isStream } from '../server/endpoint.ts';
import { postfixRestriction, postfixTable, withRestriction, type Restrictions } from './wiring.ts';

/** A map or a look-up of ours, as main.cf may name it. */
export interface Way {
  /** For messages: `hash:/var/lib/relaypass/postfix`. */
  readonly name: string;
  /** What is to be in main.cf. */
  readonly restriction: string;
  /** What an argument of a check, without its blanks, is to this way. */
  readonly judge: (argument: string) => Verdict;
  /** Whether it knows the envelope sender, and permits only his own. */
  readonly isBound: boolean;
  /** A map of Postfix, which is there for nothing if it is not asked. */
  readonly target: MapTarget | undefined;
}

/**
 * `other`: has nothing to do with it. `parts`: looks up parts of an IPv6 address as well, which are other clients'.
 * `whole`: looks up no parts, where the map has networks. `type`: the map's path with another type. `right`: as it
 * should be.
 */
export type Verdict = 'other' | 'parts' | 'whole' | 'type' | 'right';

export function mapWay(target: MapTarget, ipv6Prefix: 64 | 128): Way {
  const name = `${target.type}:${target.path}`;
  const needsWhole = postfixTable(target, ipv6Prefix) !== name;
  const judge = (argument: string): Verdict => {
    const named = tablesIn(argument).find((part) => part.slice(part.indexOf(':') + 1) === target.path);
    if (named === undefined) return 'other';
    if (named !== name) return 'type';
    if (isWhole(argument)) return ipv6Prefix === 64 ? 'whole' : 'right';
    return needsWhole ? 'parts' : 'right';
  };
  return { name, restriction: postfixRestriction(target, ipv6Prefix), judge, isBound: false, target };
}

function tablesIn(argument: string): string[] {
  return argument.split(/[{},]/).map((part) => part.replace(/^proxy:/, ''));
}

/** A table of patterns beside the map keeps Postfix from looking up parts of an address. */
function isWhole(argument: string): boolean {
  return /^unionmap:\{.*\b(regexp|pcre):/.test(argument);
}

/** @param queue Postfix's queue folder, to which its programs' paths of sockets are relative */
export function lookupWay(lookup: LookupConfig, queue: string): Way | undefined {
  const { protocol, listen } = lookup;
  if (protocol === 'whoson' || !isStream(listen)) return undefined;
  const ends =
    listen.kind === 'unix' ? socketNames(listen.path, queue) : [formatEndpoint(listen).replace(/[[\]]/g, '')];
  const isBound = protocol !== 'tcp' && lookup.bind_sender !== 'off';
  const [end = ''] = ends;
  const forms = {
    socketmap: { restriction: `check_client_access socketmap:${end}:relaypass`, of: socketmapEnd },
    policy: { restriction: `check_policy_service ${policyWord(end)}`, of: policyEnd },
    tcp: { restriction: `check_client_access tcp:${end.replace(/^inet:/, '')}`, of: tcpEnd },
  };
  const { restriction, of } = forms[protocol];
  const judge = (argument: string): Verdict => (ends.includes(of(argument) ?? '') ? 'right' : 'other');
  return { name: `${protocol} ${formatEndpoint(listen)}`, restriction, judge, isBound, target: undefined };
}

/** The setting that has Postfix ask `way`, with all else in the list as it is: what `postconf -e` takes. */
export function postfixSetting({ parameter, words }: Restrictions, way: Way): string {
  const value = withRestriction(words, way.restriction, (argument) => way.judge(bare(argument)) !== 'other');
  return `${parameter} = ${value}`;
}

/** The argument that asks `way` and other tables in one: those may refuse, and would be lost with it. */
export function sharedArgument({ words }: Restrictions, { target }: Way): string | undefined {
  if (target === undefined) return undefined;
  const ours = new Set(['', 'unionmap:', 'regexp:/dev/null']);
  return words.map(bare).find((word) => {
    const isOurs = tablesIn(word).map((part) => part.endsWith(`:${target.path}`));
    return isOurs.includes(true) && tablesIn(word).some((part, index) => isOurs[index] !== true && !ours.has(part));
  });
}

/** A word without its blanks, as two spellings of it are compared. */
export function bare(word: string): string {
  return word.replaceAll(/\s/g, '');
}

/** Relative to the queue where it lies in it, as a chrooted smtpd must have it; the whole path too. */
function socketNames(socket: string, queue: string): string[] {
  const relative = path.relative(queue, socket);
  return relative.startsWith('..') ? [`unix:${socket}`] : [`unix:${relative}`, `unix:${socket}`];
}

function policyWord(end: string): string {
  return `{ ${end}, timeout=2s, try_limit=1, default_action={451 4.3.5 relay authorization is down, try later} }`;
}

function policyEnd(argument: string): string | undefined {
  return /^\{?((?:unix|inet):[^,}]+)/.exec(argument)?.[1]?.replace(/[[\]]/g, '');
}

function socketmapEnd(argument: string): string | undefined {
  return /^socketmap:(.+):[^:]+$/.exec(argument)?.[1]?.replace(/[[\]]/g, '');
}

function tcpEnd(argument: string): string | undefined {
  return argument.startsWith('tcp:') ? `inet:${argument.slice('tcp:'.length).replace(/[[\]]/g, '')}` : undefined;
}
