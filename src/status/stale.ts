/** Whether the running daemon works by what the files say now. */
import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { isLastGood, readConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { errnoOf, OperationalError } from '../errors.ts';

/**
 * The files that the daemon has not taken up as they are: the configuration, patterns and sender maps.
 * @param loadedAt when it took up its own, epoch milliseconds
 */
export function staleFiles(config: Config, configFile: string | undefined, loadedAt: number): string[] {
  const others = [...patternFiles(config.patterns.dir), ...senderMaps(config)];
  return [...staleConfig(configFile, config.state_dir), ...others.filter((file) => (changedAt(file) ?? 0) > loadedAt)];
}

function staleConfig(configFile: string | undefined, stateDir: string): string[] {
  try {
    const read = readConfig(configFile);
    return isLastGood(read, stateDir) ? [] : [read.file];
  } catch (error) {
    if (error instanceof OperationalError && configFile !== undefined) return [configFile]; // which cannot be read
    throw error;
  }
}

/** The folder is one of them, since a file that is gone tells nothing itself. */
function patternFiles(dir: string): string[] {
  try {
    const names = readdirSync(dir).filter((name) => /\.(toml|samples)$/.test(name));
    return [dir, ...names.map((name) => path.join(dir, name))];
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'EACCES') return [];
    throw error;
  }
}

function senderMaps({ lookup }: Config): string[] {
  return lookup.flatMap((each) => ('sender_map' in each && each.sender_map !== undefined ? [each.sender_map] : []));
}

/** A file that is moved into place keeps its mtime; the ctime tells. */
function changedAt(file: string): number | undefined {
  return statSync(file, { throwIfNoEntry: false })?.ctimeMs;
}
