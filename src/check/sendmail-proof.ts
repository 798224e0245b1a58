/**
 * Proves by Sendmail's own rules, on a copy of its configuration, that it relays for who is permitted, for nobody else,
 * and what it does without an answer. In the place of the map, or of the look-up, the copy has one of ours that permits
 * two addresses; nothing that is live is asked or changed.
 */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { parseAddress, withPrefix, type Address } from '../login/address.ts';
import { makeProbeMap } from '../map/probe-map.ts';
import { renderMap } from '../map/render.ts';
import type { MapTarget } from '../map/target.ts';
import type { MapTools } from '../map/tools.ts';
import { conversation } from '../server/conversation.ts';
import { Listener } from '../server/listener.ts';
import { socketmap } from '../server/socketmap.ts';
import { error, ok, warning, type Finding } from './finding.ts';
import { ELSEWHERE, testCopy, WHEN_SILENT, type RuleTest, type Verdict } from './rule-test.ts';
import { withPlace } from './sendmail-cf.ts';

/** What a configuration asks, and what takes its place. */
export interface Probe {
  /** For messages. */
  readonly name: string;
  /** As rules call it. */
  readonly map: string;
  /** How it is tied in. */
  readonly todo: string;
  /** Makes what permits {@link LISTED}, in a folder that Sendmail finds safe. */
  readonly make: (folder: string) => Promise<Stage>;
}

interface Stage {
  readonly there: string;
  readonly missing: string;
  readonly stop: () => Promise<void>;
}

/** @param cf whose `text` it is, for messages */
export async function prove(probe: Probe, cf: string, text: string): Promise<Finding[]> {
  const folder = mkdtempSync('/run/relaypass-check-'); // Sendmail takes no map from below /tmp
  try {
    chmodSync(folder, 0o755);
    const { there, missing, stop } = await probe.make(folder);
    const question = { clients: CLIENTS, recipients: [ELSEWHERE], lookUp: { map: probe.map, key: 'relaypass' } };
    const ask = (place: string) => testCopy(path.join(folder, 'probe.cf'), withPlace(text, probe.map, place), question);
    const answers = [await ask(there), await ask(missing)] as const;
    await stop();
    return judge(answers, probe, cf);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Addresses of documentation (RFC 5737, RFC 3849): those that are permitted come first. */
const LISTED = ['198.51.100.201', '2001:db8:11:12:13:14:15:16'].flatMap(asAddress);
const CLIENTS = [
  '198.51.100.201',
  'IPv6:2001:db8:11:12:13:14:15:16',
  '198.51.100.202',
  'IPv6:2001:db8:21:12:13:14:15:16',
];

function asAddress(text: string): Address[] {
  const parsed = parseAddress(text);
  return parsed.ok ? [parsed.address] : [];
}

/** Builds a map of the target's kind. */
export function mapStage(target: MapTarget, ipv6Prefix: 64 | 128, tools: MapTools): Probe['make'] {
  return async (folder) => {
    const listed = LISTED.map((address) => withPrefix(address, ipv6Prefix));
    const rows = renderMap(target.form, listed, () => NEXT_CENTURY);
    const there = await makeProbeMap(target, folder, rows, tools);
    return { there, missing: path.join(folder, 'missing'), stop: async () => undefined };
  };
}

const NEXT_CENTURY = Date.UTC(2100, 0);

/** Answers at a socket. */
export async function socketStage(folder: string): Promise<Stage> {
  const socket = path.join(folder, 'socketmap');
  const listener = new Listener({
    endpoint: { kind: 'unix', path: socket },
    serve: conversation({ protocol: socketmap(isListed), failed: rethrow }),
    failed: rethrow,
  });
  await listener.start();
  return { there: `local:${socket}`, missing: `local:${folder}/missing`, stop: () => listener.stop() };
}

function isListed(client: string): boolean {
  return asAddress(client).some((address) => LISTED.includes(address));
}

function rethrow(reason: unknown): never {
  throw reason;
}

function judge([there, missing]: readonly (RuleTest | undefined)[], probe: Probe, cf: string): Finding[] {
  if (there !== undefined && missing !== undefined)
    return [...judgeThere(there, probe, cf), ...judgeMissing(missing, probe, cf)];
  const what = `${cf}: names ${probe.name}; sendmail -bt does not answer, so whether its rules relay was not proved`;
  return [warning(what, WHEN_SILENT)];
}

function judgeThere({ verdicts }: RuleTest, { name, todo }: Probe, cf: string): Finding[] {
  const [listed, unlisted] = [verdicts.slice(0, LISTED.length), verdicts.slice(LISTED.length)];
  const open = unlisted.find(isRelayed);
  if (open !== undefined) {
    const what = `${cf}: relays for clients that are not permitted: an open relay (check_rcpt: ${open.said})`;
    return [error(what, 'find the rule or the map that permits them')];
  }
  const shut = listed.find((verdict) => !isRelayed(verdict));
  if (shut === undefined) return [ok(`${cf}: relays for whom ${name} permits, and for nobody else, as tried`)];
  const family = listed.some(isRelayed) ? FAMILIES[listed.indexOf(shut)] : 'a client';
  return [error(`${cf}: does not relay for ${family} whom ${name} permits (check_rcpt: ${shut.said})`, todo)];
}

const FAMILIES = ['an IPv4 client', 'an IPv6 client'];

function judgeMissing({ verdicts }: RuleTest, { name, todo }: Probe, cf: string): Finding[] {
  const open = verdicts.find(isRelayed);
  if (open !== undefined) {
    const what = `${cf}: relays for everybody while ${name} fails (check_rcpt: ${open.said})`;
    return [error(what, `take out what permits on a failure, such as FEATURE(drac) with -T<TMPF>; ${todo}`)];
  }
  if (verdicts.every(({ kind }) => kind === 'postponed'))
    return [ok(`${cf}: asks would-be relays to come again while ${name} fails`)];
  const what = `${cf}: refuses for good, instead of for now, whom ${name} may permit, while it fails`;
  return [warning(what, `have -T<TMPF> in its K line, and the rules of popauth.m4 in Local_check_rcpt; ${todo}`)];
}

function isRelayed({ kind }: Verdict): boolean {
  return kind === 'relayed';
}
