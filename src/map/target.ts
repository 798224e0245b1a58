/** Which maps this host gets: what the admin configured, or what its MTAs' tools can build. */
import path from 'node:path';
import type { MapConfig } from '../config/schema.ts';
import { EXIT, OperationalError } from '../errors.ts';
import type { MapForm } from './render.ts';
import { postfixDefaultType, postfixTypes, sendmailTypes, type MapTools } from './tools.ts';

/** The types that are one file, so that a rename replaces all of it, and the suffix of each. */
const SUFFIX = { hash: '.db', btree: '.db', cdb: '.cdb', lmdb: '.lmdb', text: '' } as const;

export type MapType = keyof typeof SUFFIX;

/** One map to keep true. */
export interface MapTarget {
  readonly form: MapForm;
  readonly type: MapType;
  /** Who builds it: the MTA's own tool, or this program. */
  readonly builder: 'makemap' | 'postmap' | 'native';
  /** This program writes nothing into a map that the tool has built. */
  readonly toolOnly?: true;
  /** As the MTA's configuration names it: without the suffix. */
  readonly path: string;
  /** The file itself. */
  readonly file: string;
  /** The admin's own source that it is merged with. */
  readonly base?: string;
}

type Mta = MapConfig['mta'];

/**
 * The maps of `config`, or without any the default ones: one for each MTA that is installed, else a text file and a
 * cdb for whatever reads them.
 * @throws OperationalError `map-type-unsupported`, `map-base-unsupported`, `map-form-unsupported`, `map-tool-missing`, `map-native-only` or `map-path-twice`, exit 78
 */
export function resolveMaps(config: readonly MapConfig[] | undefined, stateDir: string, tools: MapTools): MapTarget[] {
  const hosts = hostMtas(tools);
  const targets = (config ?? defaultMaps(hosts)).map((map) => resolveMap(map, stateDir, hosts));
  refuseTwins(targets);
  return targets;
}

/** The file that a map of `type` at `mapPath` is. */
export function mapFile(mapPath: string, type: MapType): string {
  return mapPath + SUFFIX[type];
}

interface MtaTypes {
  /** As the tool lists them, for messages. */
  readonly listed: readonly string[];
  /** Those that can be published, the one to prefer first. */
  readonly usable: readonly MapType[];
}

type HostMtas = Readonly<Record<Exclude<Mta, 'none'>, MtaTypes | undefined>>;

function hostMtas(tools: MapTools): HostMtas {
  const sendmail = sendmailTypes(tools);
  const postfix = tools.find('postmap') === undefined ? undefined : postfixTypes(tools);
  return {
    sendmail: sendmail && { listed: sendmail, usable: usableOf(['hash', 'cdb', 'btree'], sendmail) },
    postfix: postfix && {
      listed: postfix,
      usable: usableOf([postfixDefaultType(tools) ?? 'hash', 'lmdb', 'cdb', 'hash', 'btree'], postfix),
    },
  };
}

function usableOf(preferred: readonly string[], listed: readonly string[]): MapType[] {
  return preferred.filter((type) => listed.includes(type)).filter(isBuiltByTool);
}

function isBuiltByTool(type: string): type is MapType {
  return type in SUFFIX && type !== 'text';
}

function defaultMaps({ sendmail, postfix }: HostMtas): MapConfig[] {
  const installed: MapConfig[] = [];
  if (sendmail !== undefined) installed.push({ mta: 'sendmail' });
  if (postfix !== undefined) installed.push({ mta: 'postfix' });
  if (installed.length > 0) return installed;
  return [
    { mta: 'none', type: 'text' },
    { mta: 'none', type: 'cdb' },
  ];
}

function resolveMap(config: MapConfig, stateDir: string, hosts: HostMtas): MapTarget {
  const { mta } = config;
  const type = mta === 'none' ? chooseNative(config.type) : chooseOfMta(mta, config.type, hosts[mta]);
  const mapPath = config.path ?? path.join(stateDir, defaultName(mta, type));
  const base = chooseBase(config, type, mapPath);
  return {
    form: chooseForm(config, type),
    type,
    builder: builderOf(config, type),
    ...(config.native === false && { toolOnly: true }),
    path: mapPath,
    file: mapFile(mapPath, type),
    ...(base !== undefined && { base }),
  };
}

const FORM_OF_MTA = { connect: 'sendmail', poprelayd: 'sendmail', 'pop-before-smtp': 'postfix' } as const;

function chooseBase({ mta, base }: MapConfig, type: MapType, mapPath: string): string | undefined {
  if (base === undefined) return undefined;
  if (mta === 'none' || type === 'text') {
    const message = `map: base = "${base}" is merged into a map of Sendmail or Postfix, not into a list`;
    throw new OperationalError('map-base-unsupported', EXIT.config, message);
  }
  if (base !== mapPath) return base;
  const message = `map: base = "${base}" is the path of the map too, and what the admin builds of it would be overwritten: give the map its own path`;
  throw new OperationalError('map-base-unsupported', EXIT.config, message);
}

function chooseForm({ mta, form, base }: MapConfig, type: MapType): MapForm {
  if (form !== undefined) {
    if (mta === FORM_OF_MTA[form] && type !== 'text') return form;
    const message = `map: form = "${form}" is one of ${FORM_OF_MTA[form]}: use mta = "${FORM_OF_MTA[form]}", and no text map`;
    throw new OperationalError('map-form-unsupported', EXIT.config, message);
  }
  if (type === 'text') return 'text';
  if (mta !== 'sendmail') return 'postfix';
  return base === undefined ? 'sendmail' : 'connect';
}

function defaultName(mta: Mta, type: MapType): string {
  if (type === 'text') return 'relay-addresses';
  return mta === 'sendmail' ? 'popauth' : 'postfix';
}

function builderOf({ mta, native = true }: MapConfig, type: MapType): MapTarget['builder'] {
  if (type === 'text' || mta === 'none') {
    if (native) return 'native';
    const message = `map: native = false: no tool builds a map of type "${type}" for mta = "${mta}", so leave it out`;
    throw new OperationalError('map-native-only', EXIT.config, message);
  }
  if (mta === 'sendmail') return 'makemap';
  return type === 'cdb' && native ? 'native' : 'postmap'; // the same bytes as postmap's, in less time
}

function chooseNative(type = 'text'): MapType {
  if (type === 'text' || type === 'cdb') return type;
  const message = `map: type "${type}" is built by an MTA's own tool: name the MTA (mta = "sendmail" or "postfix"), or use "text" or "cdb"`;
  throw new OperationalError('map-type-unsupported', EXIT.config, message);
}

const TOOLS = {
  sendmail: { build: 'makemap', list: 'makemap -l' },
  postfix: { build: 'postmap and postconf', list: 'postconf -m' },
} as const;

function chooseOfMta(mta: Exclude<Mta, 'none'>, type: string | undefined, types: MtaTypes | undefined): MapType {
  if (type === 'text') return type;
  const { build, list } = TOOLS[mta];
  if (types === undefined) {
    const message = `map: mta = "${mta}" needs ${build}, which this host has not or which fails: install the MTA, or use mta = "none"`;
    throw new OperationalError('map-tool-missing', EXIT.config, message);
  }
  const found = type === undefined ? types.usable[0] : types.usable.find((usable) => usable === type);
  if (found !== undefined) return found;
  const what = type === undefined ? 'no map can be built' : `type "${type}" cannot be built`;
  const message =
    `map: mta = "${mta}": ${what}: relaypass has hash, btree, cdb and lmdb maps built where the MTA knows them, ` +
    `and "${list}" lists ${types.listed.join(', ')}`;
  throw new OperationalError('map-type-unsupported', EXIT.config, message);
}

function refuseTwins(targets: readonly MapTarget[]): void {
  const files = targets.map(({ file }) => file);
  const twin = files.find((file, index) => files.indexOf(file) !== index);
  if (twin === undefined) return;
  throw new OperationalError(
    'map-path-twice',
    EXIT.config,
    `map: two maps are the file ${twin}: give each its own path`,
  );
}
