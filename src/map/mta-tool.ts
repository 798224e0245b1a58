import { escapeControls } from '../log.ts';
import { MapError } from './map-error.ts';
import { runTool, type ToolResult, type ToolRun } from './run-tool.ts';
import type { MapTarget } from './target.ts';
import type { MapTools } from './tools.ts';

/** The file whose failure it would be. */
export type MapFile = Pick<MapTarget, 'file'>;

/** With what the tools are run. */
export interface Means {
  readonly tools: MapTools;
  readonly timeoutMs: number;
}

/** One of the tools that know a map: what it is told, and where. */
export type MtaToolRun = Pick<ToolRun, 'args' | 'cwd' | 'input' | 'maxStdoutBytes'> & {
  readonly tool: 'makemap' | 'editmap' | 'postmap';
};

// makemap and editmap read sendmail.cf for TrustedUser, whom they give the map, and exit 66 without one.
export const NO_SENDMAIL_CF = ['-C', '/dev/null'] as const;

/**
 * How the tool left and what it said.
 * @throws MapError where this host does not have it
 */
export async function runMtaTool(target: MapFile, { tool, ...run }: MtaToolRun, means: Means): Promise<ToolResult> {
  const command = means.tools.find(tool);
  if (command === undefined) throw new MapError(target, `${tool} was not found on this host`);
  const result = await runTool({ command, env: means.tools.env, timeoutMs: means.timeoutMs, ...run });
  return { ...result, stderr: result.stderr.replaceAll(OF_THE_HOST, '') };
}

// What each Postfix tool says of a host without IPv6 (ipv6.disable=1), and goes on: it is not about the map.
const OF_THE_HOST = /^\S*postmap: warning: inet_protocols: disabling IPv[46] name\/address support: .*\n?/gm;

/**
 * What a tool answered that left with status 0 and in silence.
 * @throws MapError for anything else
 */
export function answerOf(target: MapFile, { tool }: MtaToolRun, { fault, stdout, stderr }: ToolResult): string {
  if (fault === undefined && stderr === '') return stdout;
  const what = [`${tool} ${fault ?? 'complained'}`, firstLineOf(stderr)].filter(Boolean).join(': ');
  throw new MapError(target, what);
}

/** Whether a tool says that a key which it was to find or to remove is not in the map. */
export function isKeyMissing({ tool }: MtaToolRun, { status, stderr }: ToolResult): boolean {
  if (tool === 'postmap') return status === 1 && stderr === '';
  if (status === 69) return /couldn't find key/.test(stderr);
  return status === 0 && /^editmap: key .* doesn't exist in map /.test(stderr);
}

function firstLineOf(text: string): string {
  return escapeControls(text.trim().split('\n', 1)[0] ?? '').slice(0, MAX_REASON_LENGTH);
}

const MAX_REASON_LENGTH = 300;

/** Whether postmap takes `key` in silence: it believes that one which ends in a colon is an alias file's. */
export function postmapTakes(key: string): boolean {
  return !key.endsWith(':');
}
