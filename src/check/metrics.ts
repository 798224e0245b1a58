import { accessSync, constants } from 'node:fs';
import path from 'node:path';
import type { Config } from '../config/schema.ts';
import { reasonOf } from '../errors.ts';
import { ok, warning, type Finding } from './finding.ts';

/** Whether the daemon's user may write the text file of its metrics; the unit must let him, too. */
export function checkMetrics({ metrics }: Config): Finding[] {
  if (metrics?.textfile === undefined) return [];
  const folder = path.dirname(metrics.textfile);
  try {
    accessSync(folder, constants.W_OK);
    return [ok(`${metrics.textfile}: can be written; the unit needs ReadWritePaths=${folder}`)];
  } catch (failure) {
    const what = `${metrics.textfile}: metrics cannot be written: ${reasonOf(failure)}`;
    return [warning(what, `install -d -o relaypass -g relaypass ${folder}, or give relaypass's group the folder`)];
  }
}
