import { statSync } from 'node:fs';
import path from 'node:path';
import type { MapTarget } from '../map/target.ts';
import { error, ok, type Finding } from './finding.ts';
import { checkFolder } from './folder.ts';

/** Whether a map is there, readable for the MTA, and in a folder from which the MTA takes it. */
export function checkMap({ file, type, form }: MapTarget): Finding[] {
  const stats = statSync(file, { throwIfNoEntry: false });
  if (stats === undefined) {
    const what = `${file}: is missing, and the MTA puts off all mail that needs it`;
    return [error(what, 'start the daemon, or run "relaypass sweep"')];
  }
  if (stats.size === 0 && type !== 'text')
    return [error(`${file}: is no map`, 'run "relaypass sweep" and see why it fails')];
  const there = ok(`${file}: is there, ${stats.size} bytes, of ${stats.mtime.toISOString()}`);
  return form === 'sendmail' ? [there, ...checkFolder(path.dirname(file))] : [there];
}
