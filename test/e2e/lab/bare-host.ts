/** A private copy of this host, in which packages can be installed and purged; nothing of it stays: see bare-host.sh. */
import { spawn, spawnSync, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Readable } from 'node:stream';

const SCRIPT = path.resolve(import.meta.dirname, '../../../../test/e2e/lab/bare-host.sh');
const UNSHARE = ['--mount', '--pid', '--fork', '--kill-child'];

export class BareHost {
  readonly #dir = mkdtempSync(path.join(tmpdir(), 'relaypass-host-'));
  #keeper: ChildProcessByStdio<null, Readable, null> | undefined;

  async start(): Promise<void> {
    this.#keeper = spawn('unshare', [...UNSHARE, SCRIPT, this.#dir], { stdio: ['ignore', 'pipe', 'inherit'] });
    const said = once(this.#keeper.stdout, 'data');
    const ended = once(this.#keeper, 'exit').then(() => Promise.reject(new Error('no bare host can be had here')));
    await Promise.race([said, ended]);
  }

  /** Copies a file of this host to `target` on that one. */
  copy(file: string, target: string): void {
    const { status, stderr } = this.#enter(`cat > ${target}`, readFileSync(file));
    if (status !== 0) throw new Error(stderr);
  }

  /** Runs a shell command on the host. */
  run(command: string): { status: number | null; output: string } {
    const { status, stdout } = this.#enter(`exec 2>&1; ${command}`);
    return { status, output: stdout };
  }

  stop(): void {
    this.#keeper?.kill('SIGKILL');
    rmSync(this.#dir, { recursive: true, force: true });
  }

  #enter(command: string, input: Buffer | string = '') {
    const args = [`--target=${this.#init()}`, '--mount', '--pid', '/bin/sh', '-c', `cd /; ${command}`];
    return spawnSync('nsenter', args, { encoding: 'utf8', env: ENV, input, timeout: 120_000 });
  }

  /** The host's first process, as its parent's children tell. */
  #init(): string {
    const pid = this.#keeper?.pid ?? 0;
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  }
}

const ENV = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' };
