import { answerOf, NO_SENDMAIL_CF, runMtaTool, type MapFile, type Means, type MtaToolRun } from './mta-tool.ts';

/** Who reads which map: `name`, without its suffix, in the folder `cwd`. */
export interface Dump {
  readonly tool: 'makemap' | 'postmap';
  /** What the tool calls it. */
  readonly type: string;
  readonly cwd: string;
  readonly name: string;
}

/**
 * All rows of a map, each a line of a key, a tab and a value, in no order.
 * @throws MapError, about `file`, where the tool fails
 */
export async function dumpMap(file: MapFile, { tool, type, cwd, name }: Dump, means: Means): Promise<string> {
  const args = tool === 'postmap' ? ['-s', `${type}:${name}`] : [...NO_SENDMAIL_CF, '-u', type, name];
  const run: MtaToolRun = { tool, cwd, args, maxStdoutBytes: MAX_DUMP_BYTES };
  return answerOf(file, run, await runMtaTool(file, run, means));
}

const MAX_DUMP_BYTES = 512 * 1024 * 1024 - 1024; // what a string can be; ten million rows
