/**
 * Where the MTAs' own map builders, and other real programs, are for a test that runs outside the lab: on this host, or else in the cache that
 * fetch.sh fills. Never fetches by itself, since `npm test` should not download a mail server behind anybody's back.
 */
import { existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';

const CACHE = path.join(process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache'), 'relaypass/lab');

/** A folder with the commands, and the environment (PATH with that folder first) in which they run. */
export interface Tools {
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Where `makemap` is; undefined where there is none, unless RELAYPASS_E2E=required, which makes that an error. */
export function sendmailTools(): Tools | undefined {
  return installed('makemap') ?? cached('sendmail', 'tools', {}) ?? missing('makemap');
}

/** Where `postmap` and `postconf` are; undefined where there are none, unless RELAYPASS_E2E=required. */
export function postfixTools(): Tools | undefined {
  const config = { MAIL_CONFIG: path.join(CACHE, 'postfix/etc/postfix') };
  return installed('postmap') ?? cached('postfix', 'usr/sbin', config) ?? missing('postmap');
}

/** Where `redis-server` is; undefined where there is none, unless RELAYPASS_E2E=required. */
export function redisTools(): Tools | undefined {
  return installed('redis-server') ?? cached('redis', 'usr/bin', {}) ?? missing('redis-server');
}

/** Where `promtool` is; undefined where there is none, unless RELAYPASS_E2E=required. */
export function prometheusTools(): Tools | undefined {
  return installed('promtool') ?? cached('promtool', 'usr/bin', {}) ?? missing('promtool');
}

/** Where `db5.3_verify` is; undefined where there is none, unless RELAYPASS_E2E=required. */
export function libdbTools(): Tools | undefined {
  return installed('db5.3_verify') ?? cached('libdb', 'usr/bin', {}) ?? missing('db5.3_verify');
}

/** Where logrotate or rsyslogd is; undefined where there is none, unless RELAYPASS_E2E=required, which makes that an error. */
export function loggingTools(command: 'logrotate' | 'rsyslogd'): Tools | undefined {
  const server = command === 'rsyslogd' ? 'syslog' : 'logrotate';
  return installed(command) ?? cached(server, 'usr/sbin', {}) ?? missing(command);
}

function installed(command: string): Tools | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin'];
  const folder = folders.find((candidate) => existsSync(path.join(candidate, command)));
  return folder === undefined ? undefined : { folder, env: { PATH: pathWith(folder) } };
}

function cached(server: string, commands: string, env: Record<string, string>): Tools | undefined {
  const usr = path.join(CACHE, server, 'usr');
  if (!existsSync(usr)) return undefined;
  const folder = path.join(CACHE, server, commands);
  return { folder, env: { ...env, PATH: pathWith(folder), LD_LIBRARY_PATH: libraryFolders(usr).join(':') } };
}

function libraryFolders(usr: string): string[] {
  const lib = path.join(usr, 'lib');
  if (!existsSync(lib)) return [];
  const triplets = readdirSync(lib).filter((name) => name.endsWith('-linux-gnu'));
  return [path.join(lib, 'postfix'), ...triplets.map((name) => path.join(lib, name))];
}

function missing(command: string): undefined {
  if (process.env['RELAYPASS_E2E'] !== 'required') return undefined;
  throw new Error(`${command} is neither installed nor in ${CACHE}: run test/e2e/lab/fetch.sh`);
}

function pathWith(folder: string): string {
  return `${folder}:${process.env['PATH'] ?? ''}`;
}
