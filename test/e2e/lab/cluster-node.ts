/** One of several nodes on the private host: relaypass with a configuration, a state folder and a log of its own. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { Program, run } from './program.ts';
import { relaypass, type CommandResult } from './relaypass.ts';
import { appendLogin } from './written-log.ts';

export interface ClusterNodeOptions {
  readonly name: string;
  /** The account's; maps lie there. */
  readonly stateDir: string;
  readonly redisUrl: string;
  /** @default one that only the test writes */
  readonly log?: string;
  /** More of the configuration: maps. */
  readonly toml: string;
}

export class ClusterNode {
  readonly name: string;
  readonly #log: string;
  readonly #config: string;
  #daemon: Program | undefined;

  constructor({ name, stateDir, redisUrl, log, toml }: ClusterNodeOptions) {
    this.name = name;
    this.#log = log ?? `/var/log/${name}.log`;
    this.#config = `/etc/relaypass/${name}.toml`;
    mkdirSync('/etc/relaypass', { recursive: true });
    run('install', ['-d', '-o', 'relaypass', '-g', 'relaypass', '-m', '755', stateDir]);
    const source = `[[source]]\nfile = "${this.#log}"\n`;
    const cluster = `[cluster]\nurl = "${redisUrl}"\nnode = "${name}"\n`;
    writeFileSync(this.#config, `grace = "1m"\nstate_dir = "${stateDir}"\n${source}${toml}${cluster}`);
    if (log === undefined) run('install', ['-m', '640', '-g', 'adm', '/dev/null', this.#log]);
  }

  /** A command that root types on this node. */
  run(...args: string[]): CommandResult {
    return relaypass(...args, '--config', this.#config);
  }

  start(): void {
    const asAccount = ['--reuid=relaypass', '--regid=relaypass', '--init-groups'];
    const command = `umask 077; exec relaypass run --config ${this.#config}`;
    this.#daemon = new Program('setpriv', [...asAccount, 'sh', '-c', command]);
  }

  async stop(): Promise<void> {
    await this.#daemon?.stop();
  }

  /** Waits for a condition while the daemon runs. */
  async until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
    await this.#daemon?.until(`${this.name}: ${what}`, condition);
  }

  /** Waits until it has joined the others, again where it has lost them. */
  async joined(): Promise<void> {
    await this.until('to join', () => this.#lastSaid('joined the cluster') > this.#lastSaid('lost the cluster'));
  }

  /** Waits until it has noticed that the link is gone. */
  async alone(): Promise<void> {
    await this.until('to lose them', () => this.#lastSaid('lost the cluster') > this.#lastSaid('joined the cluster'));
  }

  #lastSaid(text: string): number {
    return this.#daemon?.output.lastIndexOf(text) ?? -1;
  }

  /** Has its log tell of a login, `ageMs` ago. */
  login(address: string, user: string, ageMs = 0): void {
    appendLogin(address, { user, ageMs, file: this.#log });
  }
}
