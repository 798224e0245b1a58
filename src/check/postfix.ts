/**
 * Whether Postfix asks relaypass who may relay, by a map or a live look-up, and what stands in its way: the order of the
 * restrictions, a service with its own, a map that Postfix cannot read.
 *
 * Limits: read from postconf, not tried in a conversation. Restriction classes of the admin are not looked into.
 */
import type { LookupConfig } from '../config/schema.ts';
import { SENTINEL } from '../map/render.ts';
import type { MapTarget } from '../map/target.ts';
import { askTool, type MapTools } from '../map/tools.ts';
import { error, ok, warning, type Finding } from './finding.ts';
import { relayRestrictions } from './postconf.ts';
import { bare, lookupWay, mapWay, postfixSetting, sharedArgument, type Verdict, type Way } from './postfix-ways.ts';
import { isRelayRefusal, refusalIn, wordsOf, type Restrictions } from './wiring.ts';

/** What the configuration of relaypass has for the MTAs. */
export interface Wired {
  readonly targets: readonly MapTarget[];
  readonly lookups: readonly LookupConfig[];
  readonly ipv6Prefix: 64 | 128;
}

/** Nothing on a host without Postfix, or where nothing is meant for it. */
export function checkPostfix({ targets, lookups, ipv6Prefix }: Wired, tools: MapTools): Finding[] {
  if (tools.find('postconf') === undefined) return [];
  const maps = targets.filter(({ form }) => form === 'postfix' || form === 'pop-before-smtp');
  const queue = askTool(tools, 'postconf', ['-xh', 'queue_directory'])?.trim() ?? '/var/spool/postfix';
  const ways = [
    ...lookups.flatMap((lookup) => lookupWay(lookup, queue) ?? []),
    ...maps.map((target) => mapWay(target, ipv6Prefix)),
  ];
  const isMeant = maps.length > 0 || lookups.some(({ protocol }) => protocol === 'policy' || protocol === 'tcp');
  return isMeant ? [...checkWays(ways, tools), ...maps.flatMap((target) => checkMap(target, tools))] : [];
}

function asCommand(list: Restrictions, way: Way): string {
  const shared = sharedArgument(list, way);
  if (shared !== undefined) return `take ${way.name} out of ${shared} by hand, and check again`;
  return `run postconf -e '${postfixSetting(list, way).replaceAll("'", QUOTE)}' && postfix reload`;
}

const QUOTE = "'\\''"; // ends what a shell has quoted, and begins it anew

function checkWays(ways: readonly Way[], tools: MapTools): Finding[] {
  const lists = relayRestrictions(tools);
  const [first] = ways;
  if (lists === undefined || first === undefined)
    return [warning('postconf: did not answer, so nobody knows whether Postfix asks relaypass', 'see what it says')];
  const [list, ...others] = lists;
  const asked = ways.filter((way) => list.words.some((word) => way.judge(bare(word)) !== 'other'));
  const found = asked.flatMap((way) => checkPlace(list, way));
  const missing = `main.cf: ${list.parameter} does not ask ${ways.map(({ name }) => name).join(' or ')}`;
  const nothing = [error(missing, asCommand(list, first))];
  return [
    ...(asked.length > 0 ? found : nothing),
    ...others.flatMap((other) => checkOther(other, asked[0] ?? first)),
    ...checkOpen(list),
    ...checkBound(asked),
    ...checkNetworks(asked.length > 0 ? asked : ways, tools),
    ...checkServices(ways, list, tools),
  ];
}

function checkPlace(list: Restrictions, way: Way): Finding[] {
  const { parameter, words } = list;
  const todo = asCommand(list, way);
  const at = words.findIndex((word) => way.judge(bare(word)) !== 'other');
  const argument = bare(words[at] ?? '');
  const fault = FAULT[way.judge(argument)];
  if (fault !== undefined) return [error(`main.cf: ${parameter} asks ${argument}: ${fault}`, todo)];
  const check = words[at - 1];
  const wanted = way.restriction.split(' ', 1)[0];
  if (check !== wanted) {
    const what = `main.cf: ${parameter} has ${check ?? 'nothing'} before ${argument}, where ${wanted} belongs`;
    return [error(what, todo)];
  }
  const before = words.slice(0, at);
  const refusal = before[refusalIn(before)];
  if (refusal !== undefined)
    return [error(`main.cf: ${parameter} has ${refusal} before ${argument}, which is never asked`, todo)];
  const found = ok(`main.cf: ${parameter} asks ${argument}`);
  if (parameter !== 'smtpd_relay_restrictions' || before.includes('permit_auth_destination')) return [found];
  const end = words[refusalIn(words)];
  if (!isRelayRefusal(end)) return [found]; // mail for this host is refused there too
  const what = `main.cf: ${parameter} has no permit_auth_destination before ${argument}: without an answer inbound mail is put off`;
  const byHand = `have it there, where inbound mail need not pass what follows ${end}`;
  return [found, warning(what, words.at(-1) === end ? todo : byHand)];
}

/** What the list that is asked later refuses, the first has let through for nothing. */
function checkOther(list: Restrictions, way: Way): Finding[] {
  const end = refusalIn(list.words);
  if (end < 0 || list.words.slice(0, end).some((word) => way.judge(bare(word)) === 'right')) return [];
  const what = `main.cf: ${list.parameter} has ${list.words[end]}, which refuses whom ${way.name} permits`;
  return [error(what, asCommand(list, way))];
}

const FAULT: Readonly<Record<Verdict, string | undefined>> = {
  parts: 'parts of an IPv6 address are looked up too, and permit its neighbours',
  whole: 'no parts of an IPv6 address are looked up, so none of the networks in the map is found',
  type: 'that is not the type of the map',
  right: undefined,
  other: undefined,
};

/** What relays for everybody whatever relaypass says. */
function checkOpen({ parameter, words }: Restrictions): Finding[] {
  const end = refusalIn(words);
  const before = (end < 0 ? words : words.slice(0, end)).map(bare);
  const open = before.find((word) => word === 'permit' || OPEN_WHEN_DOWN.test(word));
  if (open !== undefined) {
    const todo =
      'take it out: with "permit" any client relays, as it would with that answer for a service that is down';
    return [error(`main.cf: ${parameter} has ${open} before anything refuses: an open relay`, todo)];
  }
  if (end >= 0) return [];
  return [error(`main.cf: ${parameter} refuses nobody: an open relay`, 'end it with reject_unauth_destination')];
}

const OPEN_WHEN_DOWN = /default_action=\{?(permit|ok|relay|\d+)(?=[,}]|$)/i; // access(5): a mere number is OK

/** A map beside a look-up that is bound to the sender permits every sender. */
function checkBound(asked: readonly Way[]): Finding[] {
  const bound = asked.find(({ isBound }) => isBound);
  return asked
    .filter(({ isBound }) => bound !== undefined && !isBound)
    .map(({ name }) => {
      const what = `main.cf: asks ${name} beside ${bound?.name}, whose bind_sender then holds for nobody`;
      return error(what, `take ${name} out of the restrictions`);
    });
}

function checkNetworks(ways: readonly Way[], tools: MapTools): Finding[] {
  const networks = wordsOf(askTool(tools, 'postconf', ['-xh', 'mynetworks']) ?? '').map(bare);
  return ways
    .filter(({ judge }) => networks.some((word) => judge(word) !== 'other'))
    .map(({ name }) => {
      const what = `main.cf: mynetworks holds ${name}, which frees its clients of more than the refusal to relay`;
      return warning(what, 'take it out of mynetworks: smtpd_relay_restrictions is the place');
    });
}

/** A `-o smtpd_relay_restrictions=` in master.cf holds for its service instead of main.cf's. */
function checkServices(ways: readonly Way[], { parameter }: Restrictions, tools: MapTools): Finding[] {
  const overrides = askTool(tools, 'postconf', ['-P', `*/inet/${parameter}`]) ?? '';
  return overrides
    .split('\n')
    .map((line) => line.split(' = ', 2))
    .filter(([service = '', own = '']) => service.includes('/') && !asksAny(ways, own))
    .map(([service = '']) => {
      const what = `master.cf: ${service} has its own value, which asks nothing of relaypass`;
      return warning(what, `where clients without AUTH use that service, take that line out of master.cf`);
    });
}

function asksAny(ways: readonly Way[], list: string): boolean {
  return wordsOf(list).some((word) => ways.some(({ judge }) => judge(bare(word)) !== 'other'));
}

function checkMap({ type, path }: MapTarget, tools: MapTools): Finding[] {
  const name = `${type}:${path}`;
  if (askTool(tools, 'postmap', ['-q', SENTINEL.key, name])?.trim() === SENTINEL.value)
    return [ok(`${name}: Postfix reads it`)];
  return [error(`${name}: postmap -q finds nothing in it`, 'run "relaypass sweep" and see why it fails')];
}
