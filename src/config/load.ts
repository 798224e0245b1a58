import { copyFileSync, existsSync, rmSync } from 'node:fs';
import path from 'node:path';
import { EXIT, OperationalError, reasonOf } from '../errors.ts';
import { configSchema, type Config } from './schema.ts';
import { checkToml, loadToml } from './toml.ts';

const DEFAULT_CONFIG_FILE = '/etc/relaypass/relaypass.toml';

/**
 * The configuration in `file`. The default file may be missing, a named one may not: a whole configuration of defaults
 * is right on a stock host, and wrong where somebody meant another.
 * @throws OperationalError exit 78, with file and line
 */
export function loadConfig(file: string | undefined): Config {
  const found = configFile(file);
  return found === undefined ? defaultConfig() : loadToml(found, configSchema);
}

/** The configuration of a host whose admin has not written one. */
function defaultConfig(): Config {
  return checkToml('built-in defaults', '', configSchema);
}

/** The file that a command line means: `file`, or the default one where there is one. */
export function configFile(file: string | undefined): string | undefined {
  return file ?? (existsSync(DEFAULT_CONFIG_FILE) ? DEFAULT_CONFIG_FILE : undefined);
}

/**
 * Keeps a copy of the configuration that the daemon runs with, for {@link loadLastGood}.
 * @throws OperationalError `config-not-kept`, exit 73
 */
export function keepLastGood(file: string | undefined, { state_dir: stateDir }: Config): void {
  const kept = lastGoodFile(stateDir);
  const found = configFile(file);
  try {
    rmSync(kept, { force: true });
    if (found !== undefined) copyFileSync(found, kept);
  } catch (error) {
    const message = `${kept}: cannot be written as a copy of ${found}: ${reasonOf(error)}`;
    throw new OperationalError('config-not-kept', EXIT.cantCreate, message, { cause: error });
  }
}

/**
 * The configuration that the daemon last ran with: what `sweep` goes by while the admin's file cannot be used, since
 * somebody has to expire entries even then. Its state folder is the one that systemd names, or the default one.
 * @throws OperationalError exit 78 where there is none
 */
export function loadLastGood(env: NodeJS.ProcessEnv = process.env): Config {
  return loadToml(lastGoodFile(env['STATE_DIRECTORY'] ?? defaultConfig().state_dir), configSchema);
}

function lastGoodFile(stateDir: string): string {
  return path.join(stateDir, 'last-good.toml');
}
