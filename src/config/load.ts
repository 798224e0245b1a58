import { existsSync } from 'node:fs';
import { configSchema, type Config } from './schema.ts';
import { checkToml, loadToml } from './toml.ts';

const DEFAULT_CONFIG_FILE = '/etc/relaypass/relaypass.toml';

/**
 * The configuration in `file`. The default file may be missing, a named one may not: a whole configuration of defaults
 * is right on a stock host, and wrong where somebody meant another.
 * @throws OperationalError exit 78, with file and line
 */
export function loadConfig(file: string | undefined): Config {
  if (file !== undefined) return loadToml(file, configSchema);
  if (existsSync(DEFAULT_CONFIG_FILE)) return loadToml(DEFAULT_CONFIG_FILE, configSchema);
  return checkToml('built-in defaults', '', configSchema);
}
