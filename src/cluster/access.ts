/** How to get to the server: the configuration with the secrets that stand in files of their own. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { ClusterConfig } from '../config/schema.ts';
import { EXIT, OperationalError, reasonOf } from '../errors.ts';
import type { RedisEndpoint } from './url.ts';

/** What a {@link Link} needs. */
export interface Access {
  readonly endpoint: RedisEndpoint;
  readonly namespace: string;
  readonly password: string | undefined;
  readonly ca: string | undefined;
}

/** Where systemd puts what the unit's `LoadCredential=redis-password:FILE` names. */
const CREDENTIAL = 'redis-password';

/**
 * Reads the secrets, to be called before the process gives up root. A systemd credential goes before `password_file`,
 * so that the file may be root's alone: the unit hands the daemon a copy, and a command of root reads the file.
 * @throws OperationalError `secret-unreadable`, exit 78
 */
export function readAccess(config: ClusterConfig, env: NodeJS.ProcessEnv = process.env): Access {
  const credential = path.join(env['CREDENTIALS_DIRECTORY'] ?? '/nonexistent', CREDENTIAL);
  const file = existsSync(credential) ? credential : config.password_file;
  return {
    endpoint: config.url,
    namespace: config.namespace,
    password: file === undefined ? undefined : read('password_file', file).trimEnd(),
    ca: config.ca_file === undefined ? undefined : read('ca_file', config.ca_file),
  };
}

function read(option: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const message = `cluster.${option}: ${file}: cannot be read: ${reasonOf(error)}`;
    throw new OperationalError('secret-unreadable', EXIT.config, message, { cause: error });
  }
}
