/**
 * Tells systemd how the daemon is, as sd_notify(3) has it: READY=1, RELOADING=1, STOPPING=1, WATCHDOG=1. Node has no
 * datagram sockets in the file system, so the words go through systemd-notify(1), for which the unit has
 * NotifyAccess=all. Where no NOTIFY_SOCKET is set nobody listens, and nothing is run.
 */
import type { Log } from './log.ts';
import { runTool } from './map/run-tool.ts';

const TELL_TIMEOUT_MS = 10_000; // 5 ms as a rule; it waits until systemd has taken the word, 5 s at most

export type ServiceState = 'READY=1' | 'RELOADING=1' | 'STOPPING=1' | 'WATCHDOG=1';

export class ServiceManager {
  readonly #env: NodeJS.ProcessEnv;
  readonly #log: Log;
  readonly #pingEveryMs: number;
  #pingAt: number;
  #isPinging = false;

  constructor(env: NodeJS.ProcessEnv, log: Log) {
    this.#env = env;
    this.#log = log;
    this.#pingEveryMs = watchdogMs(env) / 2; // as sd_watchdog_enabled(3) recommends
    this.#pingAt = Number.isFinite(this.#pingEveryMs) ? 0 : Infinity;
  }

  /** Resolves when systemd knows; what hinders that is logged, and no reason to end. */
  async tell(state: ServiceState): Promise<void> {
    const { NOTIFY_SOCKET: socket, PATH: path = '/usr/bin:/bin' } = this.#env;
    if (socket === undefined) return;
    const env = { NOTIFY_SOCKET: socket, PATH: path };
    const run = { command: 'systemd-notify', args: [state], cwd: '/', env, timeoutMs: TELL_TIMEOUT_MS };
    const { fault, stderr } = await runTool(run);
    if (fault !== undefined) this.#log.error('could not tell systemd', { state, reason: fault, said: stderr.trim() });
  }

  /** Says that every part has worked since the last time; passed on as often as the watchdog wants it. */
  alive(): void {
    const now = performance.now(); // the host's clock may be set back, and the watchdog's is not
    if (this.#isPinging || now < this.#pingAt) return;
    this.#isPinging = true;
    this.#pingAt = now + this.#pingEveryMs;
    void this.tell('WATCHDOG=1').finally(() => (this.#isPinging = false));
  }
}

/** How long the watchdog waits for a ping; endless where there is none, or it watches another process. */
function watchdogMs({ WATCHDOG_USEC: usec, WATCHDOG_PID: pid }: NodeJS.ProcessEnv): number {
  if (usec === undefined || (pid !== undefined && pid !== String(process.pid))) return Infinity;
  return Number(usec) / 1000;
}
