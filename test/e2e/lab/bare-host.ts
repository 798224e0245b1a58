/** A private copy of this host, in which packages can be installed and purged; nothing of it stays: see bare-host.sh. */
import { spawn, spawnSync, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { until } from './program.ts';

const SCRIPT = path.resolve(import.meta.dirname, '../../../../test/e2e/lab/bare-host.sh');
const UNSHARE = ['--mount', '--pid', '--fork', '--kill-child', '--uts', '--ipc'];

export class BareHost {
  readonly #dir = mkdtempSync(path.join(tmpdir(), 'relaypass-host-'));
  readonly #cgroup = path.basename(this.#dir);
  #keeper: ChildProcessByStdio<null, Readable, Readable> | undefined;

  /** With an idle shell as the first process. */
  async start(): Promise<void> {
    await this.#start([this.#dir]);
  }

  /** With systemd as the first process. @throws Error with the reason where this machine does not allow it */
  async boot(): Promise<void> {
    await this.#start([this.#dir, this.#cgroup]);
  }

  async #start(args: readonly string[]): Promise<void> {
    const keeper = spawn('unshare', [...UNSHARE, SCRIPT, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#keeper = keeper;
    let errors = '';
    keeper.stderr.on('data', (data: Buffer) => (errors += data.toString()));
    const said = once(keeper.stdout, 'data');
    const ended = once(keeper, 'close').then(() => Promise.reject(new Error(`no bare host here: ${errors.trim()}`)));
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

  /** What {@link boot} made outside of the host: its cgroup, once its last process is gone. */
  async removeCgroup(): Promise<void> {
    const script =
      'mount --make-rprivate / && mount -t cgroup2 none /mnt && cd /mnt && ' +
      `{ [ ! -e ${this.#cgroup} ] || find ${this.#cgroup} -depth -type d -exec rmdir {} +; }`;
    await until(
      'the cgroup to be empty',
      () => spawnSync('unshare', ['--mount', 'sh', '-c', script], { stdio: 'ignore' }).status === 0,
    );
  }

  #enter(command: string, input: Buffer | string = '') {
    const args = [`--target=${this.#init()}`, '--mount', '--pid', '--cgroup', '/bin/sh', '-c', `cd /; ${command}`];
    return spawnSync('nsenter', args, { encoding: 'utf8', env: ENV, input, timeout: 120_000 });
  }

  /** The host's first process, as its parent's children tell. */
  #init(): string {
    const pid = this.#keeper?.pid ?? 0;
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  }
}

const ENV = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' };
