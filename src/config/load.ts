import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { errnoOf, EXIT, OperationalError, reasonOf } from '../errors.ts';
import { configSchema, type Config } from './schema.ts';
import { checkToml, loadToml, readToml } from './toml.ts';

const DEFAULT_CONFIG_FILE = '/etc/relaypass/relaypass.toml';

/** A configuration as written; `file` names it in messages. */
export interface ConfigText {
  readonly file: string;
  readonly text: string;
}

/**
 * The configuration in `file`. The default file may be missing, a named one may not: a whole configuration of defaults
 * is right on a stock host, and wrong where somebody meant another.
 * @throws OperationalError exit 78, with file and line
 */
export function loadConfig(file: string | undefined): Config {
  return parseConfig(readConfig(file));
}

/** Its text alone. */
export function readConfig(file: string | undefined): ConfigText {
  const found = configFile(file);
  return found === undefined ? DEFAULTS : { file: found, text: readToml(found) };
}

export function parseConfig({ file, text }: ConfigText): Config {
  return checkToml(file, text, configSchema);
}

/** Of a host whose admin has not written one. */
const DEFAULTS: ConfigText = { file: 'built-in defaults', text: '' };

/** The file that a command line means: `file`, or the default one where there is one. */
export function configFile(file: string | undefined): string | undefined {
  return file ?? (existsSync(DEFAULT_CONFIG_FILE) ? DEFAULT_CONFIG_FILE : undefined);
}

/**
 * Keeps a copy of the configuration that the daemon is about to run with, for {@link loadLastGood}.
 * @throws OperationalError `config-not-kept`, exit 73
 */
export function keepLastGood({ text }: ConfigText, stateDir: string): void {
  const kept = lastGoodFile(stateDir);
  try {
    writeFileSync(`${kept}.new`, text, { flush: true }); // an empty one would be taken for a configuration of defaults
    renameSync(`${kept}.new`, kept);
  } catch (error) {
    const message = `${kept}: cannot be written: ${reasonOf(error)}`;
    throw new OperationalError('config-not-kept', EXIT.cantCreate, message, { cause: error });
  }
}

/**
 * The configuration that the daemon in `stateDir` runs with, or last ran with: it says which maps are to be kept true,
 * whatever the admin's file has come to say since.
 * @throws OperationalError exit 78 where there is none
 */
export function loadLastGood(stateDir: string): Config {
  return loadToml(lastGoodFile(stateDir), configSchema);
}

/** A configuration to go by. */
export interface InForce {
  readonly config: Config;
  /** What is wrong with the admin's own, where this is the one that the daemon last ran with. */
  readonly fault: OperationalError | undefined;
}

/**
 * The configuration in `file`; where that is in error, the one that the daemon runs or last ran with. That one is the
 * daemon's to write, so it does not say which folder is its own, and root opens neither it nor a file that it names:
 * `become` makes of root the owner of the folder first.
 * @throws OperationalError exit 78 where there is neither
 */
export function loadInForce(file: string | undefined, become: (stateDir: string) => void): InForce {
  try {
    return { config: loadConfig(file), fault: undefined };
  } catch (fault) {
    const stateDir = probableStateDir();
    if (!(fault instanceof OperationalError) || !existsSync(lastGoodFile(stateDir))) throw fault;
    become(stateDir);
    return { config: { ...loadLastGood(stateDir), state_dir: stateDir }, fault };
  }
}

/** Whether the daemon in `stateDir` runs with, or last ran with, just this. */
export function isLastGood({ text }: ConfigText, stateDir: string): boolean {
  try {
    return readFileSync(lastGoodFile(stateDir), 'utf8') === text;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
}

/** The state folder of a host whose configuration cannot be read: the one that systemd names, or the default one. */
function probableStateDir(env: NodeJS.ProcessEnv = process.env): string {
  return env['STATE_DIRECTORY'] ?? parseConfig(DEFAULTS).state_dir;
}

function lastGoodFile(stateDir: string): string {
  return path.join(stateDir, 'last-good.toml');
}
