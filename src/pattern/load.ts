/** Finds the pattern files: the shipped ones and the admin's own, of which one of a shipped name replaces it. */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import type { Config } from '../config/schema.ts';
import { errnoOf, EXIT, OperationalError, reasonOf } from '../errors.ts';
import type { Log } from '../log.ts';
import { PACKAGE_DIR } from '../package.ts';
import { loadPattern, readShippedPattern } from './file.ts';
import type { Pattern } from './pattern.ts';
import { readPrepared } from './prepared.ts';

/** The patterns that come with relaypass. */
export const SHIPPED_PATTERNS = path.join(PACKAGE_DIR, 'patterns');

/** More are no mail host's. */
const MAX_PATTERNS = 64;

/**
 * The patterns that `config` asks for.
 * @throws OperationalError `pattern-invalid`, `config-invalid` or `pattern-missing`, exit 78; under
 * `on_bad_pattern = "skip"` a bad file is logged and left out, and only when none is left does it throw
 */
export function loadPatterns(config: Config['patterns'], log: Log): Pattern[] {
  const files = new Map([...filesIn(SHIPPED_PATTERNS), ...filesIn(config.dir)]);
  const prepared = readPrepared();
  const names = config.use ?? [...files.keys()].toSorted();
  if (names.length > MAX_PATTERNS) throw failure('pattern-invalid', `patterns: more than ${MAX_PATTERNS}`);
  const loaded = names.flatMap((name) => loadNamed(name, { files, prepared }, config, log));
  const patterns = config.use === undefined ? loaded.filter(({ offByDefault }) => !offByDefault) : loaded;
  if (patterns.length === 0) throw failure('pattern-missing', `patterns: none is left to find a login with`);
  return patterns;
}

/**
 * Every pattern there is, also those that `config` does not ask for: to tell of failed logins, which grants nothing. A
 * bad file of the admin's is logged and left out.
 */
export function loadAllPatterns(config: Config['patterns'], log: Log): Pattern[] {
  const names = new Set([...filesIn(SHIPPED_PATTERNS), ...filesIn(config.dir)].map(([name]) => name));
  return loadPatterns({ ...config, use: [...names].toSorted(), on_bad_pattern: 'skip' }, log);
}

/** By name: the path of each pattern file, and what the build has made of the shipped ones. */
interface Patterns {
  readonly files: ReadonlyMap<string, string>;
  readonly prepared: ReturnType<typeof readPrepared>;
}

function loadNamed(name: string, { files, prepared }: Patterns, config: Config['patterns'], log: Log): Pattern[] {
  try {
    const file = files.get(name);
    if (file !== undefined) {
      const isShipped = path.dirname(file) === SHIPPED_PATTERNS;
      return [isShipped ? readShippedPattern(file, prepared.get(name)) : loadPattern(file)];
    }
    const known = [...files.keys()].toSorted().join(', ');
    throw failure('pattern-missing', `patterns.use: no pattern "${name}"; there are: ${known}`);
  } catch (error) {
    if (config.on_bad_pattern === 'refuse' || !(error instanceof OperationalError)) throw error;
    log.error('left out a bad pattern', { pattern: name, reason: error.message });
    return [];
  }
}

/** Name and path of each; an admin without patterns of their own has no such folder. */
function filesIn(dir: string): [string, string][] {
  try {
    const files = readdirSync(dir).filter((file) => file.endsWith('.toml'));
    return files.map((file) => [path.basename(file, '.toml'), path.join(dir, file)]);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw failure('pattern-invalid', `${dir}: cannot be read: ${reasonOf(error)}`);
  }
}

function failure(code: string, message: string): OperationalError {
  return new OperationalError(code, EXIT.config, message);
}
