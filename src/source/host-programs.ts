/** Programs of the host that tell about it. The only file that asks doveconf. */
import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import path from 'node:path';

const FOLDERS = ['/usr/bin', '/usr/sbin', '/usr/local/bin', '/usr/local/sbin', '/bin', '/sbin'];
const DOVECONF_TIMEOUT_MS = 5000;

/** Where the program `name` is below `root`. */
export function findProgram(root: string, name: string): string | undefined {
  return FOLDERS.map((folder) => path.join(root, folder, name)).find(isFile);
}

/** Dovecot's setting `name`, as it takes effect; undefined where doveconf is not there or does not tell. */
export function dovecotSetting(root: string, name: string): string | undefined {
  const doveconf = findProgram(root, 'doveconf');
  if (doveconf === undefined) return undefined;
  const { status, stdout } = spawnSync(doveconf, ['-h', name], { encoding: 'utf8', timeout: DOVECONF_TIMEOUT_MS });
  return status === 0 ? stdout.trim() : undefined;
}

function isFile(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false })?.isFile() === true;
}
