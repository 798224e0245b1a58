/** relaypass as its units run it (account relaypass, group adm, umask 077), and its commands as root types them. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { Program, run, type Exit, type Wait } from './program.ts';

/** Where relaypass looks for its configuration. */
export const CONFIG_FILE = '/etc/relaypass/relaypass.toml';

/** The map of a `[[map]]` for Sendmail without a path. */
export const MAP_FILE = '/var/lib/relaypass/popauth.db';
/** The store's data file. */
export const STORE_FILE = '/var/lib/relaypass/store/data.mdb';

export interface CommandResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export class Relaypass {
  #daemon: Program | undefined;

  /** What installing does: the configuration, and the account's state folder, empty. */
  configure(toml: string): void {
    mkdirSync('/etc/relaypass', { recursive: true });
    writeFileSync(CONFIG_FILE, toml);
    rmSync('/var/lib/relaypass', { recursive: true, force: true });
    run('install', ['-d', '-o', 'relaypass', '-g', 'relaypass', '-m', '755', '/var/lib/relaypass']);
  }

  start(): void {
    const asAccount = ['--reuid=relaypass', '--regid=relaypass', '--init-groups'];
    this.#daemon = new Program('setpriv', [...asAccount, 'sh', '-c', 'umask 077; exec relaypass run']);
  }

  /** The daemon's messages of this run. */
  get output(): string {
    return this.#daemon?.output ?? '';
  }

  get running(): boolean {
    return this.#daemon?.running ?? false;
  }

  signal(signal: NodeJS.Signals): void {
    this.#daemon?.signal(signal);
  }

  async stop(signal?: NodeJS.Signals): Promise<Exit | undefined> {
    return this.#daemon?.stop(signal);
  }

  /** The exit of a daemon that ends by itself. */
  async exited(): Promise<Exit | undefined> {
    return this.#daemon?.exited;
  }

  /** Waits for a condition that the running daemon should bring about. */
  async until(what: string, condition: () => boolean | Promise<boolean>, wait?: Wait): Promise<void> {
    await this.#daemon?.until(what, condition, wait);
  }
}

/** Runs a relaypass command as root. */
export function relaypass(...args: string[]): CommandResult {
  return spawnSync('relaypass', args, { encoding: 'utf8' });
}

/** Whether a Sendmail map, named without its suffix, permits `address`, as makemap reads it. */
export function mapHolds(address: string, map = '/var/lib/relaypass/popauth'): boolean {
  const { status, stdout } = spawnSync('/usr/libexec/sendmail/makemap', ['-u', 'hash', map], { encoding: 'utf8' });
  return status === 0 && stdout.split('\n').some((line) => line.startsWith(`${address}\t`));
}
