/** Runs commands side by side, several times each in turn, so that a busy machine is as busy for all of them. */
import { spawnSync } from 'node:child_process';
import os from 'node:os';

/** One run: seconds on the clock, and of the processor. */
export interface Run {
  readonly wallS: number;
  readonly cpuS: number;
}

/** A shell command line, or what measures itself. */
type Command = string | (() => Promise<Run>);

/** The median run of each of `commands`, by name; those that fail are left out, and told. */
export async function sideBySide(
  commands: Readonly<Record<string, Command>>,
  rounds: number,
): Promise<Map<string, Run>> {
  const runs = new Map<string, Run[]>();
  for (let round = 0; round < rounds; round++) {
    for (const [name, command] of Object.entries(commands)) {
      const run = typeof command === 'string' ? timed(command) : await command();
      if (run === undefined) process.stderr.write(`${name}: cannot be run here: ${String(command)}\n`);
      else runs.set(name, [...(runs.get(name) ?? []), run]);
    }
  }
  return new Map(Array.from(runs, ([name, all]) => [name, medianRun(all)]));
}

function timed(command: string): Run | undefined {
  // grep that writes to /dev/null stops at its first hit
  const script = `set -o pipefail; TIMEFORMAT='%R %U %S'; time { ${command} ; } 2>/dev/null | cat >/dev/null`;
  const { status, stderr } = spawnSync('bash', ['-c', script], { encoding: 'utf8', maxBuffer: 1 << 28 });
  const [wallS, userS, systemS] = stderr.trim().split(' ').map(Number);
  if (status !== 0 || wallS === undefined || userS === undefined || systemS === undefined) return undefined;
  return { wallS, cpuS: userS + systemS };
}

/** The median of each figure. */
export function medianRun(runs: readonly Run[]): Run {
  return {
    wallS: percentile(
      runs.map(({ wallS }) => wallS),
      50,
    ),
    cpuS: percentile(
      runs.map(({ cpuS }) => cpuS),
      50,
    ),
  };
}

/** The value that `share` percent of `values` do not exceed. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * share) / 100))] ?? NaN;
}

/** Whether `command` is on the PATH. */
export function has(command: string): boolean {
  return spawnSync('bash', ['-c', `command -v ${command}`]).status === 0;
}

/** What the figures were measured on. */
export function machine(): string {
  const [cpu] = os.cpus();
  const load = os.loadavg()[0]?.toFixed(1);
  const memory = Math.round(os.totalmem() / 2 ** 30);
  return `${os.cpus().length} cores (${cpu?.model ?? '?'}), ${memory} GiB, Linux ${os.release()}, Node ${process.versions.node}, V8 ${process.versions.v8}; load ${load} when it began`;
}
