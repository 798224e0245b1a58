/**
 * Whether Sendmail asks relaypass who may relay, by a map or a socketmap, and relays for whom it permits.
 *
 * Limits: the proof needs root, who can make a folder that Sendmail finds safe. What a running daemon has loaded is not
 * seen; a configuration that is younger than the daemon is told.
 */
import { readFileSync, statSync } from 'node:fs';
import type { LookupConfig } from '../config/schema.ts';
import { errnoOf } from '../errors.ts';
import { SENTINEL, type MapForm } from '../map/render.ts';
import type { MapTarget } from '../map/target.ts';
import type { MapTools } from '../map/tools.ts';
import { formatEndpoint } from '../server/endpoint.ts';
import { error, ok, warning, type Finding } from './finding.ts';
import type { Wired } from './postfix.ts';
import { testRules } from './rule-test.ts';
import { mapLinesOf, type MapLine } from './sendmail-cf.ts';
import { mapStage, prove, socketStage, type Probe } from './sendmail-proof.ts';
import { SENDMAIL_INCLUDE, sendmailAccessFeature, sendmailMapLine } from './wiring.ts';

const FORMS: readonly MapForm[] = ['sendmail', 'connect', 'poprelayd'];
const REMAKE = 'run "make -C /etc/mail" and restart sendmail';

/** @param cf Sendmail's configuration */
export async function checkSendmail(wired: Wired, tools: MapTools, cf: string): Promise<Finding[]> {
  const targets = wired.targets.filter(({ form }) => FORMS.includes(form));
  const text = readIfThere(cf);
  if (text === undefined) {
    const what = (path: string) => `${cf}: cannot be read, so nobody knows whether Sendmail uses ${path}`;
    return targets.map((target) => warning(what(target.path), lineToAdd(target)));
  }
  const lines = mapLinesOf(text);
  const sockets = wired.lookups.flatMap((lookup) => socketOf(lookup, lines));
  const maps = targets.map((target) => ({ target, line: lines.find(({ place }) => place === target.path) }));
  const findings: Finding[] = [];
  for (const { probe } of sockets) findings.push(...(await proved(probe, cf, text)));
  for (const { target, line } of maps) {
    if (line !== undefined) findings.push(...(await checkMap(target, line, { wired, tools, cf, text })));
    else if (sockets.length === 0) findings.push(notUsed(target, cf, lines));
  }
  const isBound = sockets.some(({ lookup }) => 'bind_sender' in lookup && lookup.bind_sender !== 'off');
  const beside = isBound ? maps.filter(({ line }) => line !== undefined) : [];
  findings.push(...beside.map(({ target }) => unbound(target, cf)));
  return findings.length > 0 ? [...findings, ...checkAge(cf, text)] : [];
}

interface Socket {
  readonly lookup: LookupConfig;
  readonly probe: Probe;
}

/** The map line that asks the look-up, as sendmail spells its place. */
function socketOf(lookup: LookupConfig, lines: readonly MapLine[]): Socket[] {
  const { protocol, listen } = lookup;
  if (protocol !== 'socketmap') return [];
  const places =
    listen.kind === 'unix'
      ? [`local:${listen.path}`, `unix:${listen.path}`]
      : [`inet:${listen.port}@${listen.host}`, `inet6:${listen.port}@${listen.host}`];
  const name = `${protocol} ${formatEndpoint(listen)}`;
  const todo = 'use the rules of popauth-socketmap.m4';
  return lines
    .filter(({ type, place }) => type === 'socket' && places.includes(place))
    .map((line) => ({ lookup, probe: { name, map: line.name, todo, make: socketStage } }));
}

function unbound({ path }: MapTarget, cf: string): Finding {
  const what = `${cf}: uses ${path} beside a socketmap whose bind_sender then holds for nobody`;
  return error(what, `take the map out of /etc/mail/sendmail.mc, ${REMAKE}`);
}

function notUsed({ form, path, ...target }: MapTarget, cf: string, lines: readonly MapLine[]): Finding {
  const wanted = OWN_NAME.get(form) ?? 'popauth';
  const other = lines.find(({ name }) => name === wanted);
  const instead = other === undefined ? '' : `: its map ${wanted} is ${other.type} ${other.place}`;
  return error(`${cf}: does not use ${path}${instead}`, lineToAdd({ form, path, ...target }));
}

const OWN_NAME = new Map<MapForm, string>([
  ['connect', 'access'],
  ['poprelayd', 'popip'],
]);

function lineToAdd(target: MapTarget): string {
  if (target.form === 'connect') return `have ${sendmailAccessFeature(target)} in /etc/mail/sendmail.mc, ${REMAKE}`;
  if (target.form === 'poprelayd') return `have poprelayd's rules look into ${target.type} ${target.path}, ${REMAKE}`;
  const line = `have the line "${sendmailMapLine(target)}" in /etc/relaypass/popauth.m4`;
  return `add ${SENDMAIL_INCLUDE} as the last line of /etc/mail/sendmail.mc, ${line}, ${REMAKE}`;
}

interface Host {
  readonly wired: Wired;
  readonly tools: MapTools;
  readonly cf: string;
  readonly text: string;
}

async function checkMap(target: MapTarget, line: MapLine, { wired, tools, cf, text }: Host): Promise<Finding[]> {
  const { path, type } = target;
  const todo = lineToAdd(target);
  if (line.type !== type)
    return [error(`${cf}: opens ${path} as ${line.type}, and it is a map of the type ${type}`, todo)];
  const make = mapStage(target, wired.ipv6Prefix, tools);
  const findings = await proved({ name: path, map: line.name, todo, make }, cf, text);
  return isRoot() ? [...findings, await checkReading(target, line, cf)] : findings;
}

function isRoot(): boolean {
  return process.geteuid?.() === 0;
}

async function proved(probe: Probe, cf: string, text: string): Promise<Finding[]> {
  if (isRoot()) return prove(probe, cf, text);
  const what = `${cf}: names ${probe.name}; whether its rules relay for whom it permits was not proved`;
  return [warning(what, 'run "relaypass check --mta" as root')];
}

/** The map that stands, as Sendmail opens it. */
async function checkReading({ file }: MapTarget, { name }: MapLine, cf: string): Promise<Finding> {
  const live = await testRules(cf, { clients: [], recipients: [], lookUp: { map: name, key: SENTINEL.key } });
  if (live?.value === SENTINEL.value) return ok(`${file}: Sendmail reads it`);
  const reason = live?.complaint === undefined ? '' : `: ${live.complaint}`;
  const what = `${file}: Sendmail does not find its last row${reason}`;
  return error(what, 'run "relaypass sweep", and see to the modes of the file and the folders above it');
}

/** A daemon goes by what it read at its start. */
function checkAge(cf: string, text: string): Finding[] {
  const pidFile = /^O PidFile=(\S+)/m.exec(text)?.[1] ?? '/var/run/sendmail.pid';
  const [started, changed] = [pidFile, cf].map((file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs);
  if (started === undefined || changed === undefined || changed <= started) return [];
  return [warning(`${cf}: is younger than the Sendmail that runs`, 'restart sendmail')];
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (failure) {
    if (errnoOf(failure) === 'ENOENT' || errnoOf(failure) === 'EACCES') return undefined;
    throw failure;
  }
}
