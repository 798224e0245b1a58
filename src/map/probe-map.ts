import { renameSync } from 'node:fs';
import path from 'node:path';
import { createBuilder } from './build.ts';
import type { MapRow } from './render.ts';
import { mapFile, type MapTarget } from './target.ts';
import type { MapTools } from './tools.ts';

/**
 * Builds `rows`, the sentinel last, into a map of the target's kind in `folder`, to try an MTA's rules on; the result is
 * its path as the MTA is told it.
 * @throws MapError where it cannot be built
 */
export async function makeProbeMap(
  target: MapTarget,
  folder: string,
  rows: readonly MapRow[],
  tools: MapTools,
): Promise<string> {
  const probe = path.join(folder, 'probe');
  const file = mapFile(probe, target.type);
  const built = await createBuilder(tools)({ ...target, path: probe, file }, rows);
  renameSync(built.file, file);
  await built.remove();
  return probe;
}
