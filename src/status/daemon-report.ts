/**
 * What only the running daemon knows, and `status` shows: it writes `daemon.json` into its state folder whenever that
 * has changed, by a rename, without waiting for the disk. The one definition of that file.
 */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod';
import type { ClusterStatus } from '../cluster/cluster.ts';
import { errnoOf } from '../errors.ts';

const clusterSchema: z.ZodType<ClusterStatus> = z.object({
  node: z.string(),
  link: z.enum(['up', 'down']),
  reason: z.string().exactOptional(),
  since: z.number(),
  clockDifferenceMs: z.number().exactOptional(),
  reconciledAt: z.number().optional(),
  lagMs: z.number().exactOptional(),
  unread: z.number().exactOptional(),
  unsent: z.number().exactOptional(),
});

const reportSchema = z.object({
  /** Whose it is: a {@link Presence} has the same. */
  startedAt: z.number(),
  /** Undefined on a host of its own. */
  cluster: clusterSchema.optional(),
  /** By protocol, how many look-ups had which answer since the process began. */
  lookups: z.record(z.string(), z.record(z.string(), z.int())),
});

export type DaemonReport = z.output<typeof reportSchema>;

export function writeReport(report: DaemonReport, stateDir: string): void {
  const file = reportFile(stateDir);
  writeFileSync(`${file}.new`, JSON.stringify(report), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

export function removeReport(stateDir: string): void {
  rmSync(reportFile(stateDir), { force: true });
}

/** The report of the daemon that began to serve at `startedAt`; undefined where it has not written one yet. */
export function readReport(stateDir: string, startedAt: number): DaemonReport | undefined {
  try {
    const report = reportSchema.parse(JSON.parse(readFileSync(reportFile(stateDir), 'utf8')));
    return report.startedAt === startedAt ? report : undefined;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || error instanceof SyntaxError || error instanceof z.ZodError) return undefined;
    throw error;
  }
}

function reportFile(stateDir: string): string {
  return path.join(stateDir, 'daemon.json');
}
