/** Looks a key up in a map as the MTA does: by its own tool, or in a cdb or a text by ourselves. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { lookupCdb } from './cdb.ts';
import { dumpMap } from './dump.ts';
import { answerOf, isKeyMissing, NO_SENDMAIL_CF, runMtaTool, type Means, type MtaToolRun } from './mta-tool.ts';
import { mapFile, type MapTarget } from './target.ts';

/**
 * The value of `key` in a map of the target's kind at `mapPath`, which is told without its suffix; undefined where the
 * map has no such key. The value of a key in a text map is empty.
 * @throws MapError where the tool fails, or the system's error
 */
export async function lookUp(
  target: MapTarget,
  mapPath: string,
  key: string,
  means: Means,
): Promise<string | undefined> {
  const folded = key.toLowerCase(); // as every tool does when it builds
  if (target.type === 'cdb') return lookupCdb(await readFile(mapFile(mapPath, 'cdb')), folded);
  if (target.type === 'text') return (await readFile(mapPath, 'utf8')).split('\n').includes(key) ? '' : undefined;
  const [cwd, name] = [path.dirname(mapPath), path.basename(mapPath)];
  if (target.builder === 'postmap')
    return query(target, { tool: 'postmap', cwd, args: ['-q', folded, `${target.type}:${name}`] }, means);
  if (means.tools.find('editmap') === undefined) return findInDump(target, cwd, name, folded, means);
  return query(target, { tool: 'editmap', cwd, args: [...NO_SENDMAIL_CF, '-q', target.type, name, folded] }, means);
}

async function query(target: MapTarget, run: MtaToolRun, means: Means): Promise<string | undefined> {
  const result = await runMtaTool(target, run, means);
  if (isKeyMissing(run, result)) return undefined;
  return answerOf(target, run, result).trimEnd();
}

/** Slower, since the whole map is read, but makemap is everywhere. */
async function findInDump(
  target: MapTarget,
  cwd: string,
  name: string,
  key: string,
  means: Means,
): Promise<string | undefined> {
  const dump = `\n${await dumpMap(target, { tool: 'makemap', type: target.type, cwd, name }, means)}`;
  const at = dump.indexOf(`\n${key}\t`);
  return at < 0 ? undefined : dump.slice(at + key.length + 2, dump.indexOf('\n', at + 1));
}
